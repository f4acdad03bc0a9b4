"""Every address that leads home, or nowhere, is refused, however it is written."""

from ipaddress import IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.errors import Blocked, WebError
from env.web.fetch.addresses import address_of, refusal, vet

REFUSED = """
127.0.0.1 127.255.255.254 0.0.0.0 10.1.1.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254
169.254.0.1 100.64.0.1 100.100.100.200 100.127.255.255 168.63.129.16 192.0.0.1 192.0.0.192
192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255
240.0.0.1 255.255.255.255
::1 :: ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:a9fe:a9fe ::ffff:10.0.0.1 ::127.0.0.1
::169.254.169.254 ::8.8.8.8 64:ff9b::a9fe:a9fe 64:ff9b::8.8.8.8 64:ff9b:1::7f00:1 2002:7f00:1::1
2002:a9fe:a9fe::1 2001:0:7f00:1::1 2001::1 2001:2::1 2001:10::1 2001:20::1 2001:1ff:ffff::1
fc00::1 fd00::1 fd00:ec2::254 fd20:ce::254 fe80::1 fe80::1%eth0 febf::1 fec0::1 feff::1 ff02::1
ff0e::1 3fff::1 3ffe::1 5f00::1 100::1 100:0:0:1::1 2001:db8::1 ::ffff:0:127.0.0.1
2606:4700::5efe:127.0.0.1 2606:4700::200:5efe:10.0.0.1 4000::1 e000::1 1::1 2606:4700::1%lo
""".split()

ALLOWED = """
8.8.8.8 1.1.1.1 172.15.255.255 172.32.0.1 100.63.255.255 100.128.0.1 192.0.1.1 198.17.255.255
223.255.255.255 169.253.255.255 11.0.0.1 168.63.129.17 2606:4700::1111 2001:4860:4860::8888
2a00:1450:4001::1 2001:200::1 2620:fe::fe
""".split()


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text):
    """Fails when one of the special ranges could be connected to."""
    with pytest.raises(Blocked) as caught:
        vet(text, "a.example")
    assert caught.value.reason == "address"
    assert "a.example" in str(caught.value)


@pytest.mark.parametrize("text", ALLOWED)
def test_public_addresses_are_allowed(text):
    """Fails when a range is too wide."""
    assert str(vet(text, "a.example")) == text


def test_a_mapped_address_is_judged_and_used_as_what_it_maps():
    assert str(vet("::ffff:8.8.8.8", "a.example")) == "8.8.8.8"
    assert str(vet("::ffff:808:808", "a.example")) == "8.8.8.8"


@pytest.mark.parametrize("text", ["", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "a.example"])
def test_what_is_no_address_is_an_error_of_the_resolver(text):
    assert address_of(text) is None
    with pytest.raises(WebError) as caught:
        vet(text, "a.example")
    assert caught.value.reason == "name"


HOME = ("127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.5.5", "192.168.0.1", "::1", "fd12::1")


@pytest.mark.parametrize("text", REFUSED)
def test_a_permit_opens_home_and_nothing_else(text):
    """Fails when whoever holds a permitted name could lead to the metadata of a cloud."""
    address = address_of(text)
    home = address is not None and any(
        address in ip_network(one)
        for one in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128")
    )
    home = home or text in ("fc00::1", "fd00::1")
    if home:
        assert vet(text, "a.example", permitted=True) == address
    else:
        with pytest.raises(Blocked):
            vet(text, "a.example", permitted=True)


@pytest.mark.parametrize("text", HOME)
def test_a_refusal_says_how_to_permit(text):
    with pytest.raises(Blocked, match=r"--allow-host a\.example permits it"):
        vet(text, "a.example")


def test_a_permit_for_the_very_address_opens_it():
    assert str(vet("169.254.1.1", "169.254.1.1", permitted=True)) == "169.254.1.1"
    with pytest.raises(Blocked):
        vet("169.254.1.2", "169.254.1.1", permitted=True)
    with pytest.raises(Blocked):
        vet("169.254.1.1", "169.254.1.1")


@given(st.ip_addresses())
def test_whatever_is_allowed_is_global_for_python_too(address):
    """Fails when a range of Python's own table is missing in ours."""
    if not refusal(address_of(str(address))):
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=4))
def test_no_form_of_an_address_in_another_gets_around_the_table(address):
    """Fails when an IPv4 address can be reached by writing it into an IPv6 one."""
    number = int(address)
    mapped = IPv6Address((0xFFFF << 32) + number)
    assert bool(refusal(address_of(str(mapped)))) == bool(refusal(address))
    for carrier in (
        number,
        (0xFFFF << 48) + number,
        (0x64FF9B << 96) + number,
        (0x2002 << 112) + (number << 80),
        (0x20010000 << 96) + number,
        (0x2A00 << 112) + (0x5EFE << 32) + number,
        (0x2A00 << 112) + (0x02005EFE << 32) + number,
    ):
        assert refusal(IPv6Address(carrier))
