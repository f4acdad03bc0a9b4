"""Which addresses may be connected to: one table of ranges that may not, and why.

An address is judged as a number, never as text, and an IPv4 address inside an IPv6 one is judged
as itself or refused with its whole range. `ipaddress.is_global` is not asked: it calls multicast,
NAT64, 6to4 and site-local addresses global. Knows no names and no network.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from env.errors import Blocked, WebError

Address = IPv4Address | IPv6Address

_HOME = "this machine or a private network"
"""The reason that a permit of the user takes away; see `vet`."""

# The special-purpose registries of IANA (RFC 6890, as of 2026) and what clouds add to them. Order
# matters: the first range that holds an address gives the reason.
_RANGES = tuple(
    (ip_network(written), reason)
    for written, reason in (
        # Metadata of machines in clouds: whoever reads it is the machine.
        ("169.254.0.0/16", "link-local, where clouds keep credentials (RFC 3927)"),
        ("168.63.129.16/32", "the control address of Azure's machines"),
        ("fd00:ec2::/32", "the metadata address of Amazon's machines"),
        ("fd20:ce::/32", "the metadata address of Google's machines"),
        # Home: only with a permit.
        ("127.0.0.0/8", _HOME),  # RFC 1122
        ("10.0.0.0/8", _HOME),  # RFC 1918
        ("172.16.0.0/12", _HOME),
        ("192.168.0.0/16", _HOME),
        ("::1/128", _HOME),  # RFC 4291
        ("fc00::/7", _HOME),  # RFC 4193
        # IPv4, never.
        ("0.0.0.0/8", "this network, which leads back to this machine (RFC 791)"),
        ("100.64.0.0/10", "shared by a provider's customers (RFC 6598)"),
        ("192.0.0.0/24", "reserved for protocols (RFC 6890)"),
        ("192.0.2.0/24", "for documentation (RFC 5737)"),
        ("192.88.99.0/24", "relays of 6to4, given up (RFC 7526)"),
        ("198.18.0.0/15", "for measurements (RFC 2544)"),
        ("198.51.100.0/24", "for documentation (RFC 5737)"),
        ("203.0.113.0/24", "for documentation (RFC 5737)"),
        ("224.0.0.0/4", "multicast (RFC 5771)"),
        ("240.0.0.0/4", "reserved, and broadcast (RFC 1112, RFC 919)"),
        # IPv6, never: forms that carry an IPv4 address, which may be any of those above.
        ("::/96", "an IPv4-compatible address, given up, or none at all (RFC 4291)"),
        ("::ffff:0:0:0/96", "a translated IPv4 address (RFC 2765)"),
        ("64:ff9b::/96", "an IPv4 address behind NAT64 (RFC 6052)"),
        ("64:ff9b:1::/48", "an IPv4 address behind a local NAT64 (RFC 8215)"),
        ("2001::/32", "an IPv4 address behind Teredo (RFC 4380)"),
        ("2002::/16", "an IPv4 address behind 6to4 (RFC 3056)"),
        # IPv6, never: the rest.
        ("100::/64", "leads nowhere (RFC 6666)"),
        ("100:0:0:1::/64", "leads nowhere (RFC 9780)"),
        ("2001::/23", "reserved for protocols (RFC 2928)"),
        ("2001:db8::/32", "for documentation (RFC 3849)"),
        ("3ffe::/16", "an old test network, given up (RFC 3701)"),
        ("3fff::/20", "for documentation (RFC 9637)"),
        ("5f00::/16", "segment routing (RFC 9602)"),
        ("fe80::/10", "link-local (RFC 4291)"),
        ("fec0::/10", "site-local, given up (RFC 3879)"),
        ("ff00::/8", "multicast (RFC 4291)"),
    )
)
_GLOBAL = ip_network("2000::/3")
"""All that has been given to the public internet of IPv6 (RFC 4291); everything else is refused."""
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
"""The third quarter of an IPv6 address whose last quarter is an IPv4 address (RFC 5214)."""


def address_of(text: str) -> Address | None:
    """Read an address in its one regular spelling; None for all others, such as `127.1`.

    An IPv4 address mapped into IPv6 is returned as the IPv4 address it is.
    """
    if ":" not in text and not text[:1].isdigit():
        return None  # a name, as most hosts are
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return None if address.scope_id else address.ipv4_mapped
    return address


def refusal(address: Address) -> str:
    """Return why an address is not connected to; empty when it may be."""
    if isinstance(address, IPv6Address) and address.scope_id:
        return "bound to one network interface (RFC 4007)"
    for network, reason in _RANGES:
        if address.version == network.version and address in network:
            return reason
    if isinstance(address, IPv6Address):
        if address not in _GLOBAL:
            return "not given to the public internet (RFC 4291)"
        if int(address) >> 32 & 0xFFFF_FFFF in _ISATAP:
            return "an IPv4 address behind ISATAP (RFC 5214)"
    return ""


def vet(text: str, host: str, *, permitted: bool = False) -> Address:
    """Return the address that a host's name was resolved to, if it may be connected to.

    Args:
        text: the address.
        host: the name that was resolved, or the same address.
        permitted: the user allows this host to be on this machine or in a private network. Other
            refused ranges, cloud metadata first of all, stay refused: whoever holds the name
            could lead there. Only a permit for the very address opens them.

    Raises:
        Blocked: it may not; the reason is `address`.
        WebError: it is no address; the reason is `name`.
    """
    address = address_of(text)
    if address is None:
        raise WebError(f"{host} was resolved to what is no address: {text[:60]!r}", "name")
    why = refusal(address)
    if not why or (permitted and (why is _HOME or address == address_of(host))):
        return address
    hint = f"; --allow-host {host} permits it" if why is _HOME else ""
    where = str(address) if address == address_of(host) else f"{host} has the address {address}"
    raise Blocked(f"not connected: {where}, {why}{hint}", "address")
