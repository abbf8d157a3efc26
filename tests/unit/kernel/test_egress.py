"""What counts as an address of the open internet (defect 67)."""

import pytest

from wattos_platform.kernel.egress import NotPublicError, is_public, public_addresses


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param(address, expected, id=f"{address}[defect-67]")
        for address, expected in (
            ("93.184.216.34", True),
            ("2606:2800:220:1::1", True),
            ("127.0.0.1", False),
            ("0.0.0.0", False),
            ("10.1.2.3", False),
            ("172.16.0.1", False),
            ("192.168.1.1", False),
            ("100.64.0.1", False),
            ("169.254.169.254", False),
            ("192.0.2.1", False),
            ("198.18.0.1", False),
            ("224.0.0.1", False),
            ("240.0.0.1", False),
            ("255.255.255.255", False),
            ("::", False),
            ("::1", False),
            ("fe80::1%eth0", False),
            ("fc00::1", False),
            ("fec0::1", False),
            ("ff02::1", False),
            ("::ffff:127.0.0.1", False),
            ("::ffff:93.184.216.34", True),
            ("::127.0.0.1", False),
            ("64:ff9b::7f00:1", False),
            ("64:ff9b::5db8:d822", True),
            ("64:ff9b:1::1", False),
            ("2002:7f00:1::", False),
            ("2002:0a00:0001::1", False),
            ("localhost", False),
            ("", False),
        )
    ],
)
def test_which_addresses_are_public(address: str, expected: bool) -> None:
    assert is_public(address) is expected


@pytest.mark.parametrize("addresses", [[], ["10.0.0.1"], ["93.184.216.34", "127.0.0.1"]])
async def test_one_address_inside_is_enough_to_refuse_a_name(addresses: list[str]) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return addresses

    with pytest.raises(NotPublicError):
        await public_addresses("rebind.example.com", 443, resolve)
