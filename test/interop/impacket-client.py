#!/usr/bin/python3
"""What scripts do with impacket: one command line a scenario; prints what it found as JSON.

  impacket-client.py HOST PORT USER PASSWORD SHARE DIALECT SCENARIO FOLDER

DIALECT is 2.0.2, 2.1 or 3.0; FOLDER a local folder for files, or the name of a file of the share, which to set a
descriptor is followed by a colon and its hexadecimal. Exits with 1 and the status on standard error
where the server refuses.
"""
import io, json, os, sys
from impacket import smb3structs
from impacket.smbconnection import SMBConnection, SessionError

host, port, user, password, share, dialect, scenario, folder = sys.argv[1:]
dialects = {
    '2.0.2': smb3structs.SMB2_DIALECT_002,
    '2.1': smb3structs.SMB2_DIALECT_21,
    '3.0': smb3structs.SMB2_DIALECT_30,
}


def names(connection, pattern):
    entries = connection.listPath(share, pattern)
    return sorted(e.get_longname() for e in entries if e.get_longname() not in ('.', '..'))


def put(connection, name, data):
    connection.putFile(share, name, io.BytesIO(data).read)


def get(connection, name):
    out = io.BytesIO()
    connection.getFile(share, name, out.write)
    return out.getvalue()


def basics(c):
    data = bytes(range(256)) * 400
    c.createDirectory(share, 'basics')
    put(c, 'basics\\one.bin', data)
    first = names(c, 'basics\\*')
    c.rename(share, 'basics\\one.bin', 'basics\\two.bin')
    second = names(c, 'basics\\*')
    same = get(c, 'basics\\two.bin') == data
    size = c.listPath(share, 'basics\\two.bin')[0].get_filesize()
    c.deleteFile(share, 'basics\\two.bin')
    third = names(c, 'basics\\*')
    c.deleteDirectory(share, 'basics')
    return {'afterPut': first, 'afterRename': second, 'afterDelete': third, 'same': same, 'size': size}


def put_tree(c):
    for root, folders, files in os.walk(folder):
        below = os.path.relpath(root, folder)
        there = 'tree' if below == '.' else 'tree\\' + below.replace('/', '\\')
        c.createDirectory(share, there)
        for name in files:
            with open(os.path.join(root, name), 'rb') as file:
                c.putFile(share, there + '\\' + name, file.read)
    return {}


def get_tree(c):
    def fetch(there, here):
        os.makedirs(here, exist_ok=True)
        for entry in c.listPath(share, there + '\\*'):
            name = entry.get_longname()
            if name in ('.', '..'):
                continue
            if entry.is_directory():
                fetch(there + '\\' + name, os.path.join(here, name))
            else:
                with open(os.path.join(here, name), 'wb') as file:
                    c.getFile(share, there + '\\' + name, file.write)
    fetch('tree', folder)
    return {}


def remove_tree(c):
    def remove(there):
        for entry in c.listPath(share, there + '\\*'):
            name = entry.get_longname()
            if name in ('.', '..'):
                continue
            if entry.is_directory():
                remove(there + '\\' + name)
            else:
                c.deleteFile(share, there + '\\' + name)
        c.deleteDirectory(share, there)
    remove('tree')
    return {'left': names(c, '*')}


def put_big(c):
    with open(os.path.join(folder, 'big'), 'rb') as file:
        c.putFile(share, 'big', file.read)
    return {}


def get_big(c):
    with open(os.path.join(folder, 'back'), 'wb') as file:
        c.getFile(share, 'big', file.write)
    c.deleteFile(share, 'big')
    return {}


def list_shares(c):
    return {'shares': [s['shi1_netname'][:-1] for s in c.listShares()], 'dialect': hex(c.getDialect())}


def put_one(c):
    put(c, 'new.txt', b'content')
    return {}


def with_file(c, name, access, body):
    tree = c.connectTree(share)
    file = c.openFile(tree, name, desiredAccess=access)
    try:
        return body(c.getSMBServer(), tree, file)
    finally:
        c.closeFile(tree, file)


DACL = smb3structs.DACL_SECURITY_INFORMATION


def descriptor(c):
    blob = with_file(c, folder, 0x20000, lambda smb, tree, file: smb.queryInfo(
        tree, file, infoType=smb3structs.SMB2_0_INFO_SECURITY, fileInfoClass=0, additionalInformation=DACL))
    return {'descriptor': blob.hex()}


def set_descriptor(c):
    name, value = folder.split(':')
    with_file(c, name, 0x60000, lambda smb, tree, file: smb.setInfo(
        tree, file, inputBlob=bytes.fromhex(value), infoType=smb3structs.SMB2_0_INFO_SECURITY, fileInfoClass=0,
        additionalInformation=DACL))
    return {}


def violate(c):
    tree = c.connectTree(share)
    # Shares nothing.
    file = c.openFile(tree, folder, desiredAccess=0x3, shareMode=0)
    second = SMBConnection(host, host, sess_port=int(port), preferredDialect=dialects[dialect], timeout=60)
    second.login(user, password)
    try:
        second.openFile(second.connectTree(share), folder, desiredAccess=0x1)
    except SessionError as error:
        return {'status': error.getErrorString()[0]}
    finally:
        c.closeFile(tree, file)
        second.logoff()
        second.close()
    return {}


scenarios = dict(violate=violate, descriptor=descriptor, setDescriptor=set_descriptor, basics=basics, putTree=put_tree, getTree=get_tree, removeTree=remove_tree, putBig=put_big,
                 getBig=get_big, listShares=list_shares, putOne=put_one)
try:
    connection = SMBConnection(host, host, sess_port=int(port), preferredDialect=dialects[dialect], timeout=60)
    connection.login(user, password)
    print(json.dumps(scenarios[scenario](connection)))
    connection.logoff()
    connection.close()
except SessionError as error:
    print(error.getErrorString()[0], file=sys.stderr)
    sys.exit(1)
