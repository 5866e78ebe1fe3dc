import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { logonRule } from '../evidence/logon-rule.ts'
import { advise } from '../evidence/rules.ts'

export const trustBroken = logonRule({
  id: 'trust-broken',
  looksFor: 'A logon that fails since server and domain, or two domains, no longer trust each other.',
  statuses: [
    NtStatus.TRUSTED_RELATIONSHIP_FAILURE,
    NtStatus.NO_TRUST_SAM_ACCOUNT,
    NtStatus.NO_TRUST_LSA_SECRET,
    NtStatus.TRUSTED_DOMAIN_FAILURE,
  ],
  title: 'was refused: the server and its domain no longer trust each other',
  cause:
    'The server could not ask the domain controller about the password, because its own computer account is missing or has another password: after a restored snapshot, a clone, or when somebody joined another computer under the same name. Every user of the domain fails alike.',
  advice: advise({
    windows: 'Test-ComputerSecureChannel -Repair on the server; netdom trust ... /verify between domains.',
    samba: 'net ads testjoin, then net ads join; wbinfo -t.',
    smbkit: 'domain in the config file: the password of the computer account has to be the one that the domain has.',
  }),
})
