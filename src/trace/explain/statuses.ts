import type { NtStatus } from '../../wire/erref/ntstatus.ts'

/** Where a status of SMB is seen, and what to try. */
interface StatusAdvice {
  /** The messages that it comes in, and the situation. */
  readonly seen: string
  /** What to try; empty where nothing has to be done. */
  readonly advice: string
}

type Name = keyof typeof NtStatus

/** By name without `STATUS_`. When servers send them: MS-SMB2 3.3.5, MS-FSA 2.1.5, MS-NLMP 3.2.5. */
export const STATUS_ADVICE: Partial<Record<Name, StatusAdvice>> = {
  PENDING: {
    seen: 'Interim answer to anything that takes long: CHANGE_NOTIFY, LOCK, CREATE that waits for an oplock or lease, reads of a slow disk. The final answer has the same AsyncId.',
    advice: '',
  },
  MORE_PROCESSING_REQUIRED: {
    seen: 'SESSION_SETUP: every logon by NTLM has it once, with the challenge; some by Kerberos, too.',
    advice: '',
  },
  NO_MORE_FILES: { seen: 'The last QUERY_DIRECTORY of every listing.', advice: '' },
  NO_SUCH_FILE: { seen: 'QUERY_DIRECTORY for a name or pattern that nothing fits.', advice: '' },
  BUFFER_OVERFLOW: {
    seen: 'READ of a pipe and QUERY_INFO: more than fits the answer. A client that reads DCERPC goes on reading.',
    advice: '',
  },
  LOGON_FAILURE: {
    seen: 'Last answer to SESSION_SETUP. With NTLM: name or password wrong, or NTLMv1 and LM against a server that takes NTLMv2 alone. With Kerberos: the server could not open the ticket.',
    advice:
      'Look which mechanism was used (smbkit trace says so). The sub-status of event 4625 tells wrong name (C0000064) from wrong password (C000006A).',
  },
  ACCESS_DENIED: {
    seen: 'SESSION_SETUP: the server refuses the kind of logon. TREE_CONNECT: the rights of the share, or encryption that the client cannot do. CREATE: the rights of the file. On any request: its signature is wrong, or missing where it has to be.',
    advice: 'Look which command it is first; smbkit trace names what was asked for.',
  },
  BAD_NETWORK_NAME: {
    seen: 'TREE_CONNECT to a share that does not exist; also on a link of a namespace (DFS) whose target has gone.',
    advice: 'List the shares: net view \\\\SERVER /all, smbkit shares SERVER.',
  },
  NETWORK_NAME_DELETED: {
    seen: 'Any request after TREE_DISCONNECT, or after the share was removed. While a client closes down it is harmless.',
    advice: 'In the middle of work: see whether somebody has changed the shares of the server.',
  },
  USER_SESSION_DELETED: {
    seen: 'Any request with a session that the server does not know: it was started again, or somebody has ended the session.',
    advice:
      'The client logs on again by itself. If it repeats, see whether a load balancer sends connections to another server.',
  },
  NETWORK_SESSION_EXPIRED: {
    seen: 'Any request after the Kerberos ticket of the session has ended: once in ten hours is normal.',
    advice: 'The client has to log on again; if it cannot, look whether it gets new tickets (klist).',
  },
  NOT_FOUND: {
    seen: 'FSCTL_DFS_GET_REFERRALS for a path that is in no namespace: normal, clients always ask. Otherwise CREATE or LOCK of something that is gone.',
    advice: '',
  },
  FS_DRIVER_REQUIRED: { seen: 'FSCTL_DFS_GET_REFERRALS to a server without namespaces: normal.', advice: '' },
  PATH_NOT_COVERED: {
    seen: 'CREATE through a link of a namespace (DFS): the client has to ask for a referral now.',
    advice: 'Normal, if a referral follows. A client without DFS stops here.',
  },
  NOT_SUPPORTED: {
    seen: 'NEGOTIATE: no dialect in common. Otherwise a request that the server does not know; clients try some of them.',
    advice:
      'On NEGOTIATE compare the dialects: Set-SmbServerConfiguration -Smb2DialectMin (2025), "server min protocol" and "client min protocol" of Samba, minDialect of smbkit.',
  },
  SHARING_VIOLATION: {
    seen: 'CREATE, and renaming or deleting: another open of the file does not share what is asked for.',
    advice: 'Get-SmbOpenFile, smbstatus -L or smbkit status say who has it open.',
  },
  FILE_LOCK_CONFLICT: {
    seen: 'READ and WRITE of a part that another open has locked.',
    advice: 'Find who holds the lock.',
  },
  LOCK_NOT_GRANTED: {
    seen: 'LOCK of a part that another open has locked, when the client does not want to wait.',
    advice: 'Databases and Office try again; only if it goes on for long it is a problem.',
  },
  OBJECT_NAME_NOT_FOUND: {
    seen: 'CREATE. A few are normal: programs look for files in many places (desktop.ini, DLLs along the search path).',
    advice: 'Many in a row for one name: a search path with a share in it, or a program that waits for a file.',
  },
  OBJECT_PATH_NOT_FOUND: { seen: 'CREATE: a folder on the way is missing.', advice: 'Check each part of the path.' },
  OBJECT_NAME_COLLISION: { seen: 'CREATE that must make something new, or a rename to a name in use.', advice: '' },
  DISK_FULL: {
    seen: 'WRITE, SET_INFO and CREATE.',
    advice: 'Make room on the disk of the server, or raise the quota.',
  },
  PIPE_BROKEN: {
    seen: 'READ, WRITE and IOCTL of a pipe whose service has ended.',
    advice: 'Look whether the service crashed on the server.',
  },
  FILE_CLOSED: {
    seen: 'Any request with a file id that is closed: after a lost connection, or a program that closes twice. Requests under way at a CLOSE get it, too.',
    advice: '',
  },
  INVALID_PARAMETER: {
    seen: 'Requests that are malformed; SESSION_SETUP with a token the server does not understand; NEGOTIATE contexts that are missing.',
    advice: 'Look at the fields: smbkit trace show FRAME.',
  },
  ACCOUNT_LOCKED_OUT: {
    seen: 'SESSION_SETUP.',
    advice: 'Unlock-ADAccount; event 4740 names the computer that sends the old password.',
  },
  ACCOUNT_DISABLED: { seen: 'SESSION_SETUP.', advice: 'Enable-ADAccount, smbpasswd -e NAME, smbkit user.' },
  ACCOUNT_RESTRICTION: {
    seen: 'SESSION_SETUP: an empty password over the network, a member of Protected Users with NTLM, a policy silo.',
    advice: 'Policy "Accounts: Limit local account use of blank passwords to console logon only".',
  },
  TIME_DIFFERENCE_AT_DC: { seen: 'SESSION_SETUP with Kerberos.', advice: 'w32tm /resync, chronyc makestep.' },
  INSUFFICIENT_RESOURCES: {
    seen: 'CREATE and others, when a limit of the server is reached.',
    advice: 'Memory and open files of the server; limits of smbkit.',
  },
  CANCELLED: { seen: 'Final answer to a request that the client has taken back by CANCEL.', advice: '' },
  NOTIFY_CLEANUP: { seen: 'Final answer to CHANGE_NOTIFY when its folder is closed.', advice: '' },
  STOPPED_ON_SYMLINK: { seen: 'CREATE: the answer tells where the link leads.', advice: '' },
  REQUEST_NOT_ACCEPTED: {
    seen: 'TREE_CONNECT and SESSION_SETUP: the number of users or sessions is used up; CREATE on a share under another node of a cluster.',
    advice: 'Windows 10 and 11 allow 20 connections; the user limit of the share; limits of the server.',
  },
  FILE_NOT_AVAILABLE: {
    seen: 'After a fail-over, and for requests sent again whose first copy is still under way.',
    advice: 'Clients repeat it by themselves.',
  },
}
