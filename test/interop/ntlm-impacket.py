"""One NTLM logon of impacket's, token by token in hexadecimal over standard input and output.

Out: NEGOTIATE. In: CHALLENGE. Out: AUTHENTICATE, the session key, and a message that was sealed, with its signature.
"""
import sys

from Cryptodome.Cipher import ARC4
from impacket import ntlm

user, password, domain = sys.argv[1:4]

negotiate = ntlm.getNTLMSSPType1("PYTHON", domain, True)
print(negotiate.getData().hex(), flush=True)
challenge = bytes.fromhex(sys.stdin.readline())
authenticate, key = ntlm.getNTLMSSPType3(negotiate, challenge, user, password, domain)
flags = authenticate["flags"]
print(authenticate.getData().hex())
print(key.hex())
sign_key = ntlm.SIGNKEY(flags, key, "Client")
stream = ARC4.new(ntlm.SEALKEY(flags, key, "Client"))
sealed, signature = ntlm.SEAL(flags, sign_key, b"", b"a message", b"a message", 0, stream.encrypt)
print(sealed.hex())
print(signature.getData().hex(), flush=True)
