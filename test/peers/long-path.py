#!/usr/bin/python3
"""A long or lossy path between programs of one machine, which records what passes.

  long-path.py NETWORK DELAY_MS LOSE_EVERY CAPTURE

Makes a TUN device with the address NETWORK.1. What is sent to NETWORK.2 comes back with its two addresses exchanged, so
that who connects there reaches a server that listens on NETWORK.1: by TCP of its own, with packets that can be held
back (DELAY_MS there and back) and lost (every LOSE_EVERY-th one with data, 0 for none, 1 for all). What passes is
written to CAPTURE, as it is seen beside the client. Prints a line when it is ready, and ends with its standard input.
"""
import fcntl, heapq, os, select, socket, struct, sys, time

network, delay_ms, lose_every, capture = sys.argv[1:]
half_way, lose_every = float(delay_ms) / 2000, int(lose_every)

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFFLAGS, SIOCGIFFLAGS, IFF_UP = 0x8916, 0x891C, 0x8914, 0x8913, 1
LINKTYPE_RAW = 101

tun = os.open('/dev/net/tun', os.O_RDWR)
name = fcntl.ioctl(tun, TUNSETIFF, struct.pack('16sH', b'smbkit%d', IFF_TUN | IFF_NO_PI))[:16]
control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def set_address(request, address):
    fcntl.ioctl(control, request, struct.pack('16sH2s4s8x', name, socket.AF_INET, b'', socket.inet_aton(address)))


set_address(SIOCSIFADDR, network + '.1')
set_address(SIOCSIFNETMASK, '255.255.255.0')
flags = struct.unpack('16sH', fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack('16sH', name, 0)))[1]
fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack('16sH', name, flags | IFF_UP))

file = open(capture, 'wb', buffering=0)
file.write(struct.pack('<IHHiIII', 0xA1B2C3D4, 2, 4, 0, 0, 262144, LINKTYPE_RAW))


def record(packet):
    now = time.time_ns()
    file.write(struct.pack('<IIII', now // 10**9, now % 10**9 // 1000, len(packet), len(packet)) + packet)


def is_lost(packet, is_request):
    header = (packet[0] & 15) * 4
    payload = len(packet) - header - (packet[header + 12] >> 4) * 4
    if lose_every == 1:
        return is_request
    if lose_every == 0 or payload == 0:
        return False
    counts[is_request] += 1
    return counts[is_request] % lose_every == 0


counts = {True: 0, False: 0}
servers = set()
waiting, order = [], 0
print('ready', flush=True)
while True:
    timeout = max(0, waiting[0][0] - time.monotonic()) if waiting else None
    ready, _, _ = select.select([tun, sys.stdin], [], [], timeout)
    if sys.stdin in ready and not os.read(0, 1):
        break
    if tun in ready:
        packet = os.read(tun, 65536)
        # TCP over IPv4 alone.
        if packet[0] >> 4 == 4 and packet[9] == 6:
            header = (packet[0] & 15) * 4
            port = packet[header + 2:header + 4]
            # Both ends have the same address; the first packet (SYN) tells which has the server.
            if packet[header + 13] & 0x12 == 0x02:
                servers.add(port)
            is_request = port in servers
            back = packet[:12] + packet[16:20] + packet[12:16] + packet[20:]
            if is_request:
                record(packet)
            if not is_lost(packet, is_request):
                order += 1
                heapq.heappush(waiting, (time.monotonic() + half_way, order, is_request, back))
    while waiting and waiting[0][0] <= time.monotonic():
        _, _, is_request, back = heapq.heappop(waiting)
        if not is_request:
            record(back)
        os.write(tun, back)
