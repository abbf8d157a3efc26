"""All virtual users of the platform's load tests; plain Locust.

    locust -f loadtests/locustfile.py --host http://127.0.0.1:3001      # with WATTOS_TOKEN set
    wattos loadtest smoke                                               # with tokens, thresholds and reports

Which of them a scenario uses, how many, for how long and what must hold, is in thresholds.toml.
"""

from users.agent import AgentUser
from users.chat import ChatUser
from users.llm_gateway import ModelUser, StreamingModelUser
from users.rag import SearchUser

__all__ = ["AgentUser", "ChatUser", "ModelUser", "SearchUser", "StreamingModelUser"]
