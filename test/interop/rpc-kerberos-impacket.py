"""Lists shares by srvsvc of a server, with a ticket from KRB5CCNAME: once with calls that are logged on alone, once sealed."""
import sys

from impacket.dcerpc.v5 import rpcrt, srvs, transport

host, port, realm, kdc = sys.argv[1:]
for level in ("CONNECT", "PKT_PRIVACY"):
    rpc = transport.SMBTransport(host, int(port), r"\srvsvc", "alice", "", realm, doKerberos=True, kdcHost=kdc)
    dce = rpc.get_dce_rpc()
    dce.set_auth_type(rpcrt.RPC_C_AUTHN_GSS_NEGOTIATE)
    dce.set_auth_level(getattr(rpcrt, f"RPC_C_AUTHN_LEVEL_{level}"))
    dce.connect()
    dce.bind(srvs.MSRPC_UUID_SRVS)
    answer = srvs.hNetrShareEnum(dce, 1)
    entries = answer["InfoStruct"]["ShareInfo"]["Level1"]["Buffer"]
    print(level, *[entry["shi1_netname"].rstrip("\0") for entry in entries])
