"""RPC with impacket. As `client`: asks our server over SMB, with requests cut into small fragments. As `server`: its
own share list on a TCP port of the loopback address, which it prints, until its standard input ends."""
import configparser
import json
import sys

from impacket.dcerpc.v5 import srvs, transport, wkst
from impacket.dcerpc.v5.rpcrt import DCERPCException


def text(value):
    return None if value is None else value.rstrip("\0")


def client(host, port, user, password):
    def bound(pipe, interface, fragment):
        rpc = transport.SMBTransport(host, int(port), pipe, user, password)
        dce = rpc.get_dce_rpc()
        dce.connect()
        dce.bind(interface)
        if fragment is not None:
            dce.set_max_fragment_size(fragment)
        return dce

    result = {}
    for name, fragment in (("whole", None), ("cut", 16)):
        dce = bound(r"\srvsvc", srvs.MSRPC_UUID_SRVS, fragment)
        answer = srvs.hNetrShareEnum(dce, 1)
        entries = answer["InfoStruct"]["ShareInfo"]["Level1"]["Buffer"]
        result[name] = [[text(e["shi1_netname"]), e["shi1_type"], text(e["shi1_remark"])] for e in entries]
        try:
            srvs.hNetrShareGetInfo(dce, "nobody\0", 1)
        except DCERPCException as error:
            result["missing"] = error.get_error_code()
        info = srvs.hNetrServerGetInfo(dce, 101)["InfoStruct"]["ServerInfo101"]
        result["server"] = [text(info["sv101_name"]), text(info["sv101_comment"])]
        try:
            srvs.hNetrServerGetInfo(dce, 503)
        except DCERPCException as error:
            result["level"] = error.get_error_code()
        dce.disconnect()
    # Tried as an alias of another interface: refused by name.
    try:
        bound(r"\srvsvc", wkst.MSRPC_UUID_WKST, None)
    except DCERPCException as error:
        result["refused"] = str(error)
    dce = bound(r"\wkssvc", wkst.MSRPC_UUID_WKST, None)
    info = wkst.hNetrWkstaGetInfo(dce, 100)["WkstaInfo"]["WkstaInfo100"]
    result["workstation"] = [text(info["wki100_computername"]), text(info["wki100_langroup"])]
    # Logged on for RPC itself, by NTLM without SPNEGO; it signs headers without asking.
    levels = {"connect": 2, "integrity": 5, "privacy": 6}
    result["levels"] = {}
    for name, level in levels.items():
        rpc = transport.SMBTransport(host, int(port), r"\srvsvc", user, password)
        dce = rpc.get_dce_rpc()
        dce.set_credentials(user, password)
        dce.set_auth_type(10)
        dce.set_auth_level(level)
        dce.connect()
        dce.bind(srvs.MSRPC_UUID_SRVS)
        info = srvs.hNetrServerGetInfo(dce, 101)["InfoStruct"]["ServerInfo101"]
        result["levels"][name] = text(info["sv101_name"])
        dce.disconnect()
    print(json.dumps(result))


def server():
    from impacket.smbserver import SRVSServer

    config = configparser.ConfigParser()
    config.read_dict(
        {
            "global": {"log_file": "None", "server_name": "OTHER", "server_os": "x", "server_domain": "x"},
            "FILES": {"comment": "all of them", "read only": "yes", "share type": "0", "path": "/srv/files"},
            "IPC$": {"comment": "", "read only": "yes", "share type": "3", "path": ""},
        }
    )
    service = SRVSServer()
    service.setServerConfig(config)
    service.processConfigFile()
    # Its configuration gives texts, for which its encoder writes zero.
    for share in service._shares.values():
        share["share type"] = int(share["share type"])
    service.daemon = True
    # Its thread listens some time later; clients may come now.
    service._sock.listen(1)
    service.start()
    print(service.getListenPort(), flush=True)
    sys.stdin.read()


if sys.argv[1] == "server":
    server()
else:
    client(*sys.argv[2:])
