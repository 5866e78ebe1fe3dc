/** What is known of an error of Kerberos. RFC 4120 7.5.9, RFC 4556 3.1.3, RFC 6113, RFC 6806. */
export interface KerberosError {
  readonly code: number
  readonly name: string
  /** What it means, in a sentence or two. */
  readonly meaning: string
  /** What to try; empty where nothing has to be done. */
  readonly advice: string
}

type Row = readonly [code: number, name: string, meaning: string, advice: string]

const ROWS: readonly Row[] = [
  [0, 'KDC_ERR_NONE', 'No error.', ''],
  [
    1,
    'KDC_ERR_NAME_EXP',
    'The account of the client has expired in the database of the KDC.',
    'Set another end for the account.',
  ],
  [
    2,
    'KDC_ERR_SERVICE_EXP',
    'The account of the service has expired in the database of the KDC.',
    'Set another end for the account of the server.',
  ],
  [
    3,
    'KDC_ERR_BAD_PVNO',
    'The KDC does not know this version of Kerberos.',
    'Look what sends it: everything in use is version 5.',
  ],
  [
    4,
    'KDC_ERR_C_OLD_MAST_KVNO',
    'The key of the client is protected by an old master key.',
    'Re-encrypt the database of the KDC.',
  ],
  [
    5,
    'KDC_ERR_S_OLD_MAST_KVNO',
    'The key of the server is protected by an old master key.',
    'Re-encrypt the database of the KDC.',
  ],
  [
    6,
    'KDC_ERR_C_PRINCIPAL_UNKNOWN',
    'The KDC knows no such user.',
    'Check the name and the realm (in capitals); the account may be in another domain.',
  ],
  [
    7,
    'KDC_ERR_S_PRINCIPAL_UNKNOWN',
    'The KDC knows no service of that name (SPN): usually the server was called by an alias or by its IP address. Windows then goes on with NTLM.',
    'Call the server by its own name, or give it the other one: setspn -S cifs/ALIAS SERVER, netdom computername SERVER /add:ALIAS.',
  ],
  [
    8,
    'KDC_ERR_PRINCIPAL_NOT_UNIQUE',
    'Two accounts have the same name, so the KDC cannot choose.',
    'setspn -X finds them; take the name from one of the two.',
  ],
  [9, 'KDC_ERR_NULL_KEY', 'The account has no key.', 'Set its password again.'],
  [10, 'KDC_ERR_CANNOT_POSTDATE', 'Tickets for later are not given.', 'Look at the clock of the client.'],
  [11, 'KDC_ERR_NEVER_VALID', 'The ticket would end before it begins.', 'Look at the clock of the client.'],
  [
    12,
    'KDC_ERR_POLICY',
    'A policy of the KDC forbids it: logon hours, workstation, authentication policies, selective authentication.',
    'Look at the restrictions of the account; event 4769 or 4768 on the controller says more.',
  ],
  [
    13,
    'KDC_ERR_BADOPTION',
    'The KDC does not grant an option that was asked for: mostly delegation to, or on behalf of, somebody that may not.',
    'Without delegation it is harmless. With it, look at the delegation settings of the account.',
  ],
  [
    14,
    'KDC_ERR_ETYPE_NOSUPP',
    'Client, server account and KDC have no kind of encryption in common: often RC4 was switched off and an account has no AES keys yet, or the other way round.',
    'Policy "Network security: Configure encryption types allowed for Kerberos"; msDS-SupportedEncryptionTypes of the account; set its password again so that AES keys are made.',
  ],
  [15, 'KDC_ERR_SUMTYPE_NOSUPP', 'The KDC does not know this kind of checksum.', 'Update the client.'],
  [
    16,
    'KDC_ERR_PADATA_TYPE_NOSUPP',
    'The KDC does not know this way to prove who one is: logging on by smart card when it has no certificate.',
    'Give the controller a certificate for smart cards, or log on by password.',
  ],
  [17, 'KDC_ERR_TRTYPE_NOSUPP', 'The KDC does not know this kind of path between realms.', 'Look at the trusts.'],
  [
    18,
    'KDC_ERR_CLIENT_REVOKED',
    'The account is disabled, locked, expired, or may not be used at this time.',
    'Look at the account: Get-ADUser NAME -Properties LockedOut,Enabled,AccountExpirationDate,LogonHours.',
  ],
  [19, 'KDC_ERR_SERVICE_REVOKED', 'The account of the service is disabled.', 'Enable the account of the server.'],
  [20, 'KDC_ERR_TGT_REVOKED', 'The ticket-granting ticket is not good any more.', 'Log on again (kinit, klist purge).'],
  [
    21,
    'KDC_ERR_CLIENT_NOTYET',
    'The account of the client is not valid yet.',
    'Look at the clock, and at the account.',
  ],
  [
    22,
    'KDC_ERR_SERVICE_NOTYET',
    'The account of the service is not valid yet.',
    'Look at the clock, and at the account.',
  ],
  [
    23,
    'KDC_ERR_KEY_EXPIRED',
    'The password has expired, or has to be changed before the first logon.',
    'Change it: Ctrl-Alt-Del, kpasswd, smbpasswd.',
  ],
  [
    24,
    'KDC_ERR_PREAUTH_FAILED',
    'The password is wrong.',
    'Type it again; a keytab may hold an old one (kinit -k tells).',
  ],
  [
    25,
    'KDC_ERR_PREAUTH_REQUIRED',
    'Not an error: the KDC wants the client to prove who it is, and says how. The client asks again.',
    '',
  ],
  [
    26,
    'KDC_ERR_SERVER_NOMATCH',
    'The ticket that was presented is for another server.',
    'Purge the tickets (klist purge) and try again.',
  ],
  [
    27,
    'KDC_ERR_MUST_USE_USER2USER',
    'The service is a user without a key of its own that the KDC would use.',
    'Give the name to an account of a computer or service.',
  ],
  [28, 'KDC_ERR_PATH_NOT_ACCEPTED', 'The way between the realms is not accepted.', 'Look at the trusts ([capaths]).'],
  [
    29,
    'KDC_ERR_SVC_UNAVAILABLE',
    'The KDC cannot do it at present.',
    'Look whether the controller can reach its database and its trusted domains.',
  ],
  [
    31,
    'KRB_AP_ERR_BAD_INTEGRITY',
    'What was decrypted is damaged: the key is not the one it was encrypted with.',
    'The keytab or the computer password of the server is not the current one: net ads keytab create, join again.',
  ],
  [32, 'KRB_AP_ERR_TKT_EXPIRED', 'The ticket has expired.', 'Log on again (kinit); look at the clock.'],
  [33, 'KRB_AP_ERR_TKT_NYV', 'The ticket is not valid yet.', 'Set the clocks: w32tm /resync, chronyc makestep.'],
  [
    34,
    'KRB_AP_ERR_REPEAT',
    'The server has seen this very message before.',
    'Two servers that share a replay cache, or a load balancer that repeats requests.',
  ],
  [
    35,
    'KRB_AP_ERR_NOT_US',
    'The ticket is for another server.',
    'The name leads to another machine than the one whose account has it: look at DNS and setspn -Q cifs/NAME.',
  ],
  [
    36,
    'KRB_AP_ERR_BADMATCH',
    'Ticket and authenticator are of different users.',
    'Purge the tickets (klist purge) and try again.',
  ],
  [
    37,
    'KRB_AP_ERR_SKEW',
    'The clocks are too far apart: more than five minutes.',
    'w32tm /resync, chronyc makestep; policy "Maximum tolerance for computer clock synchronization", clockskew in krb5.conf.',
  ],
  [
    38,
    'KRB_AP_ERR_BADADDR',
    'The ticket is bound to another address.',
    'Ask for tickets without addresses (noaddresses).',
  ],
  [39, 'KRB_AP_ERR_BADVERSION', 'The version is not known.', 'Look what sends it.'],
  [40, 'KRB_AP_ERR_MSG_TYPE', 'The message is of a kind that does not belong here.', 'Look what sends it.'],
  [
    41,
    'KRB_AP_ERR_MODIFIED',
    'The server could not open the ticket: it is encrypted with the key of another account, or with an old one.',
    'setspn -Q cifs/NAME shows whose name it is: it has to be the account of this server, and only that. Otherwise the computer password is out of step: reset it, or join again. Name and address in DNS may lead to another machine, too.',
  ],
  [42, 'KRB_AP_ERR_BADORDER', 'Messages came in the wrong order.', 'Look for a proxy between.'],
  [
    44,
    'KRB_AP_ERR_BADKEYVER',
    'The server has no key of that version: its password was changed and the keytab was not.',
    'Make the keytab again; clients with old tickets log on again (klist purge).',
  ],
  [
    45,
    'KRB_AP_ERR_NOKEY',
    'The server has no key for that name.',
    'Put cifs/NAME into its keytab (net ads keytab add cifs).',
  ],
  [46, 'KRB_AP_ERR_MUT_FAIL', 'The server could not prove who it is.', 'Look at DNS: it may be another server.'],
  [47, 'KRB_AP_ERR_BADDIRECTION', 'A message came back to who had sent it.', 'Look for a loop in the network.'],
  [48, 'KRB_AP_ERR_METHOD', 'Another way to authenticate is wanted.', 'Update the client.'],
  [49, 'KRB_AP_ERR_BADSEQ', 'The number of the message is not the one expected.', 'Look for a proxy between.'],
  [50, 'KRB_AP_ERR_INAPP_CKSUM', 'The checksum is of a kind that does not do here.', 'Update the client.'],
  [51, 'KRB_AP_PATH_NOT_ACCEPTED', 'The way between the realms is not accepted.', 'Look at the trusts.'],
  [
    52,
    'KRB_ERR_RESPONSE_TOO_BIG',
    'Not an error: the answer does not fit into a datagram, so the client asks again over TCP.',
    '',
  ],
  [
    60,
    'KRB_ERR_GENERIC',
    'Something else went wrong; a text or a status of Windows may be with it.',
    'Look into the log of the KDC.',
  ],
  [
    61,
    'KRB_ERR_FIELD_TOOLONG',
    'The request is longer than the KDC takes.',
    'An account in very many groups makes it so.',
  ],
  [
    62,
    'KDC_ERR_CLIENT_NOT_TRUSTED',
    'The certificate of the client is not trusted.',
    'Look at the chain of certificates of the smart card.',
  ],
  [
    63,
    'KDC_ERR_KDC_NOT_TRUSTED',
    'The certificate of the KDC is not trusted.',
    'Look at the certificate of the controller.',
  ],
  [64, 'KDC_ERR_INVALID_SIG', 'A signature is not valid.', 'Look at the smart card.'],
  [
    65,
    'KDC_ERR_DH_KEY_PARAMETERS_NOT_ACCEPTED',
    'The KDC does not take the key parameters of the client.',
    'Update the older of the two.',
  ],
  [
    66,
    'KDC_ERR_CERTIFICATE_MISMATCH',
    'The certificate belongs to another account.',
    'Map the certificate to the account.',
  ],
  [67, 'KRB_AP_ERR_NO_TGT', 'The service needs a ticket-granting ticket of its own.', 'Log on at the service again.'],
  [
    68,
    'KDC_ERR_WRONG_REALM',
    'The account is in another realm, which is named.',
    'Normal when domains refer to each other; otherwise check the realm.',
  ],
  [
    69,
    'KRB_AP_ERR_USER_TO_USER_REQUIRED',
    'The service takes tickets of another kind only (user to user).',
    'Use an account of a computer or service.',
  ],
  [70, 'KDC_ERR_CANT_VERIFY_CERTIFICATE', 'The certificate cannot be checked.', 'Look at the certification authority.'],
  [71, 'KDC_ERR_INVALID_CERTIFICATE', 'The certificate is not valid.', 'Look at the certificate.'],
  [72, 'KDC_ERR_REVOKED_CERTIFICATE', 'The certificate has been revoked.', 'Issue another.'],
  [
    73,
    'KDC_ERR_REVOCATION_STATUS_UNKNOWN',
    'Nobody can be asked whether the certificate was revoked.',
    'Look whether the revocation list can be reached.',
  ],
  [75, 'KDC_ERR_CLIENT_NAME_MISMATCH', 'The certificate has another name.', 'Map the certificate to the account.'],
  [
    76,
    'KDC_ERR_KDC_NAME_MISMATCH',
    'The certificate of the KDC has another name.',
    'Issue another for the controller.',
  ],
  [90, 'KDC_ERR_PREAUTH_EXPIRED', 'The logon took so long that the KDC has forgotten its beginning.', 'Try again.'],
  [91, 'KDC_ERR_MORE_PREAUTH_DATA_REQUIRED', 'Not an error: the logon has another step.', ''],
  [
    93,
    'KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS',
    'The client wants something of FAST that the KDC does not know.',
    'Update the KDC.',
  ],
]

/** The errors that KDCs and services send. */
export const kerberosErrors: readonly KerberosError[] = ROWS.map(([code, name, meaning, advice]) => ({
  code,
  name,
  meaning,
  advice,
}))

const byCode = new Map(kerberosErrors.map((error) => [error.code, error]))

/** What is known of an error; undefined for numbers that have no name. */
export const kerberosError = (code: number): KerberosError | undefined => byCode.get(code)

/** `KDC_ERR_PREAUTH_FAILED`, or `Kerberos error 99`. */
export const kerberosErrorName = (code: number): string => byCode.get(code)?.name ?? `Kerberos error ${code}`

/** MIT's and Heimdal's libraries count their codes from here (`ERROR_TABLE_BASE_krb5`): 0x96c73a07 is error 7. */
const LIBRARY_BASE = 0x96c7_3a00

/** The error that a code of the libraries is: minor statuses of GSSAPI, negative numbers of `kinit`. */
export function kerberosErrorOfLibrary(code: number): KerberosError | undefined {
  const unsigned = code >>> 0
  return unsigned >= LIBRARY_BASE && unsigned < LIBRARY_BASE + 0x100 ? byCode.get(unsigned - LIBRARY_BASE) : undefined
}
