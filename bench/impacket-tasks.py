#!/usr/bin/python3
"""What the benchmark of clients has impacket do: HOST PORT USER PASSWORD SHARE TASK REMOTE LOCAL."""
import os
import sys

from impacket.smbconnection import SMBConnection

host, port, user, password, share, task, remote, local = sys.argv[1:]
connection = SMBConnection(host, host, sess_port=int(port))
connection.login(user, password)


def names(folder):
    entries = connection.listPath(share, folder + '\\*')
    return [entry.get_longname() for entry in entries if entry.get_longname() not in ('.', '..')]


def get(name, path):
    with open(path, 'wb') as out:
        connection.getFile(share, name, out.write)


def put(path, name):
    with open(path, 'rb') as data:
        connection.putFile(share, name, data.read)


if task == 'get':
    get(remote, local)
elif task == 'put':
    put(local, remote)
elif task == 'get-folder':
    for name in names(remote):
        get(remote + '\\' + name, os.path.join(local, name))
elif task == 'put-folder':
    connection.createDirectory(share, remote)
    for name in os.listdir(local):
        put(os.path.join(local, name), remote + '\\' + name)
elif task == 'list':
    print('\n'.join(names(remote)))
