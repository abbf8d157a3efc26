"""nginx as the yardstick: one worker, keep-alive in both directions, no access log."""

import shutil
from pathlib import Path

_CONFIG = """
worker_processes 1; daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.err warn;
events {{ worker_connections 8192; }}
http {{ access_log off; keepalive_requests 10000000; client_max_body_size 30m; client_body_buffer_size 256k;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {servers} }}
"""
STATUS = "/nginx-status"
_STATIC = """server {{ listen 127.0.0.1:{port} backlog=1024;
  location = {STATUS} {{ stub_status; }}
  location / {{ default_type application/json; return 200 '{answer}'; }} }}"""
_PROXY = """upstream u{port} {{ server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 10000000; }}
  server {{ listen 127.0.0.1:{port} backlog=1024; location / {{ proxy_pass http://u{port};
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering {buffering}; }} }}"""


def static(port: int, answer: str) -> str:
    """Return a server that gives one JSON `answer` to everything, and its counts at `STATUS`."""
    return _STATIC.format(STATUS=STATUS, port=port, answer=answer.replace("'", "\\'"))


def proxy(port: int, upstream: int, *, buffering: bool = True) -> str:
    """Return a server that passes everything to `upstream`; streams need `buffering` off."""
    return _PROXY.format(port=port, upstream=upstream, buffering="on" if buffering else "off")


def command(folder: Path, name: str, *servers: str) -> list[str]:
    """Return the command of an nginx with these servers; its files are in `folder`."""
    config = folder / f"{name}.conf"
    text = _CONFIG.format(folder=folder, name=name, servers="\n  ".join(servers))
    config.write_text(text, encoding="utf-8")
    return [shutil.which("nginx") or "nginx", "-c", str(config), "-p", str(folder)]
