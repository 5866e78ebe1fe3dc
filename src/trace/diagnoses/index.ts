import type { Rule } from '../model.ts'
import { accountDisabled } from './account-disabled.ts'
import { accountExpired } from './account-expired.ts'
import { accountLocked } from './account-locked.ts'
import { accountRestricted } from './account-restricted.ts'
import { badShareName } from './bad-share-name.ts'
import { breakStall } from './break-stall.ts'
import { cleartextPassword } from './cleartext-password.ts'
import { clientSlow } from './client-slow.ts'
import { connectionLost } from './connection-lost.ts'
import { connectionRefused } from './connection-refused.ts'
import { creditStarvation } from './credit-starvation.ts'
import { delayedAcknowledgement } from './delayed-acknowledgement.ts'
import { dfsLinkDead } from './dfs-link-dead.ts'
import { diskFull } from './disk-full.ts'
import { fileAccessDenied } from './file-access-denied.ts'
import { guestRefused } from './guest-refused.ts'
import { guestSession } from './guest-session.ts'
import { ipAddressNtlm } from './ip-address-ntlm.ts'
import { kerberosAccountRevoked } from './kerberos-account-revoked.ts'
import { kerberosClientUnknown } from './kerberos-client-unknown.ts'
import { kerberosClockSkew } from './kerberos-clock-skew.ts'
import { kerberosEncryptionType } from './kerberos-encryption-type.ts'
import { kerberosErrorRule } from './kerberos-error.ts'
import { kerberosNoAnswer } from './kerberos-no-answer.ts'
import { kerberosPasswordExpired } from './kerberos-password-expired.ts'
import { kerberosSpnUnknown } from './kerberos-spn-unknown.ts'
import { kerberosTicketExpired } from './kerberos-ticket-expired.ts'
import { kerberosTicketRefused } from './kerberos-ticket-refused.ts'
import { kerberosWrongPassword } from './kerberos-wrong-password.ts'
import { latencyBound } from './latency-bound.ts'
import { lockConflict } from './lock-conflict.ts'
import { logonClock } from './logon-clock.ts'
import { logonHours } from './logon-hours.ts'
import { logonRefused } from './logon-refused.ts'
import { logonTypeRefused } from './logon-type-refused.ts'
import { networkLoss } from './network-loss.ts'
import { noAnswer } from './no-answer.ts'
import { noCommonDialect } from './no-common-dialect.ts'
import { noLogonServers } from './no-logon-servers.ts'
import { notEncrypted } from './not-encrypted.ts'
import { ntlmBlocked } from './ntlm-blocked.ts'
import { ntlmUsed } from './ntlm-used.ts'
import { ntlmv1Refused } from './ntlmv1-refused.ts'
import { ntlmv1Used } from './ntlmv1-used.ts'
import { openStorm } from './open-storm.ts'
import { passwordExpired } from './password-expired.ts'
import { passwordMustChange } from './password-must-change.ts'
import { pipeBroken } from './pipe-broken.ts'
import { reconnectLoop } from './reconnect-loop.ts'
import { referralStorm } from './referral-storm.ts'
import { repeatedListing } from './repeated-listing.ts'
import { scan } from './scan.ts'
import { searchPathProbing } from './search-path-probing.ts'
import { serialTransfer } from './serial-transfer.ts'
import { serverSlow } from './server-slow.ts'
import { sessionExpired } from './session-expired.ts'
import { sessionLost } from './session-lost.ts'
import { shareAccessDenied } from './share-access-denied.ts'
import { shareGone } from './share-gone.ts'
import { sharingViolation } from './sharing-violation.ts'
import { signatureRefused } from './signature-refused.ts'
import { signingRequired } from './signing-required.ts'
import { smallReads } from './small-reads.ts'
import { smallWindow } from './small-window.ts'
import { smb1OnlyPeer } from './smb1-only-peer.ts'
import { smb1Used } from './smb1-used.ts'
import { statLoop } from './stat-loop.ts'
import { targetNameRefused } from './target-name-refused.ts'
import { trustBroken } from './trust-broken.ts'
import { unknownUser } from './unknown-user.ts'
import { unsigned } from './unsigned.ts'
import { workstationRefused } from './workstation-refused.ts'
import { wrongPassword } from './wrong-password.ts'
import { zeroWindow } from './zero-window.ts'

/** All rules, in the order in which somebody would look: can it connect, log on, reach files, and how fast. */
export const rules: readonly Rule[] = [
  // Connecting.
  noCommonDialect,
  smb1OnlyPeer,
  signingRequired,
  signatureRefused,
  connectionRefused,
  connectionLost,
  noAnswer,
  reconnectLoop,
  // Logging on.
  wrongPassword,
  unknownUser,
  accountDisabled,
  accountLocked,
  accountExpired,
  passwordExpired,
  passwordMustChange,
  logonHours,
  workstationRefused,
  accountRestricted,
  logonTypeRefused,
  trustBroken,
  noLogonServers,
  logonClock,
  ntlmBlocked,
  ntlmv1Refused,
  targetNameRefused,
  guestRefused,
  logonRefused,
  // Kerberos.
  kerberosSpnUnknown,
  kerberosClockSkew,
  kerberosPasswordExpired,
  kerberosAccountRevoked,
  kerberosWrongPassword,
  kerberosClientUnknown,
  kerberosEncryptionType,
  kerberosTicketExpired,
  kerberosTicketRefused,
  kerberosErrorRule,
  kerberosNoAnswer,
  ipAddressNtlm,
  // Sessions, shares and namespaces.
  sessionLost,
  sessionExpired,
  badShareName,
  shareAccessDenied,
  shareGone,
  dfsLinkDead,
  referralStorm,
  // Files.
  fileAccessDenied,
  searchPathProbing,
  sharingViolation,
  lockConflict,
  breakStall,
  diskFull,
  pipeBroken,
  // Time.
  serverSlow,
  networkLoss,
  zeroWindow,
  smallWindow,
  delayedAcknowledgement,
  clientSlow,
  serialTransfer,
  latencyBound,
  creditStarvation,
  openStorm,
  statLoop,
  repeatedListing,
  smallReads,
  scan,
  // Exposure.
  ntlmv1Used,
  cleartextPassword,
  guestSession,
  smb1Used,
  unsigned,
  ntlmUsed,
  notEncrypted,
]
