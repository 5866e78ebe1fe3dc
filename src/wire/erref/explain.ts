import { isError, NtStatus } from './ntstatus.ts'

type StatusName = keyof typeof NtStatus

/**
 * What the codes that SMB peers send mean to somebody who works with files, in a sentence or two: what happened, and
 * what can be done where that is known. Codes and names are those of MS-ERREF 2.3.1; when a server sends them is in
 * MS-SMB2 3.3.5, MS-FSA 2.1.5 and MS-NLMP 3.2.5.
 */
const EXPLANATIONS = {
  // Not errors.
  SUCCESS: 'It worked.',
  PENDING: 'The server is working on it and will answer later.',
  NOTIFY_CLEANUP: 'The folder that was watched for changes has been closed, so the watching has ended.',
  NOTIFY_ENUM_DIR: 'More has changed in the watched folder than fits the answer: list it again.',
  REPARSE: 'The name leads to a link that has to be followed first.',
  SOME_NOT_MAPPED: 'Some of the names or account numbers are not known to the server.',
  BUFFER_OVERFLOW: 'There is more than fits the answer; what came is the first part of it.',
  NO_MORE_FILES: 'The list of the folder has come to its end.',
  NO_MORE_ENTRIES: 'The list has come to its end.',
  MORE_ENTRIES: 'There is more in the list: it is asked for by the next call.',
  EA_LIST_INCONSISTENT: 'The list of extended attributes that was sent is malformed.',
  INVALID_EA_NAME: 'An extended attribute has a name that is not allowed.',
  STOPPED_ON_SYMLINK: 'The path goes through a symbolic link that the client has to follow itself.',

  // Logging on.
  MORE_PROCESSING_REQUIRED: 'The logon goes on: the server waits for the next message of the client.',
  LOGON_FAILURE: 'The user name or the password is wrong.',
  NO_SUCH_USER: 'The server knows no account of that name.',
  NO_SUCH_GROUP: 'The server knows no group of that name.',
  NO_SUCH_ALIAS: 'The server knows no local group of that name.',
  NO_SUCH_PRIVILEGE: 'The server knows no privilege of that name.',
  WRONG_PASSWORD: 'The password is wrong.',
  ACCOUNT_DISABLED: 'The password is right, but the account has been disabled.',
  ACCOUNT_LOCKED_OUT:
    'The account is locked after too many wrong passwords. It opens after a while, or by the administrator.',
  ACCOUNT_EXPIRED: 'The account was made for a limited time, and that is over.',
  ACCOUNT_RESTRICTION: 'The account may not be used in this way, for example because its password is empty.',
  PASSWORD_EXPIRED: 'The password is too old and has to be changed before the next logon.',
  PASSWORD_MUST_CHANGE: 'The password has to be changed before the first logon.',
  INVALID_LOGON_HOURS: 'The account may not be used at this time of the day or week.',
  INVALID_WORKSTATION: 'The account may not be used from this computer.',
  LOGON_TYPE_NOT_GRANTED: 'The account may not log on to this server over the network.',
  LOGON_NOT_GRANTED: 'The server does not allow this account to log on.',
  NO_LOGON_SERVERS: 'No domain controller can be reached that could check the password.',
  NO_SUCH_DOMAIN: 'The domain that was named does not exist, or cannot be reached.',
  NO_TRUST_LSA_SECRET:
    'The domain controller does not know the password by which the server belongs to the domain: it has to join it again.',
  BAD_BINDINGS:
    'What the logon says of the channel that it came by is not true: somebody may be between client and server.',
  NO_TRUST_SAM_ACCOUNT: 'The computer has no account in the domain any more: it has to join it again.',
  TRUSTED_RELATIONSHIP_FAILURE:
    'The computer and its domain no longer trust each other: it has to join the domain again.',
  TRUSTED_DOMAIN_FAILURE: 'The domain of the user and the domain of the server no longer trust each other.',
  TIME_DIFFERENCE_AT_DC:
    'The clocks of the client and of the domain controller are too far apart; Kerberos allows five minutes.',
  DOMAIN_CONTROLLER_NOT_FOUND: 'No domain controller was found: look at the DNS settings and at the network.',
  NETLOGON_NOT_STARTED: 'The server is not ready to ask its domain controller.',
  NO_SUCH_LOGON_SESSION: 'There is no ticket to log on with (kinit gets one), or the logon does not exist any more.',
  NETWORK_CREDENTIAL_CONFLICT: 'There is already a connection to this server under another name: end that one first.',
  DOWNGRADE_DETECTED: 'Somebody between client and server, or a wrong setting, has weakened the logon.',
  AUTHENTICATION_FIREWALL_FAILED: 'The account may not be used on this computer across the trust between the domains.',
  NTLM_BLOCKED: 'Logging on with NTLM is not allowed here; Kerberos is.',
  USER_SESSION_DELETED: 'The server has ended the session, or never knew it: log on again.',
  NETWORK_SESSION_EXPIRED: 'The session is older than the ticket that it was opened with: log on again.',
  SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP:
    'Client and server have no hash in common to protect the start of the connection with.',

  // Shares, connections, network.
  BAD_NETWORK_NAME: 'The server has no share of that name.',
  BAD_NETWORK_PATH: 'No server answers under that name.',
  NETWORK_NAME_DELETED: 'The share has been disconnected or removed: connect to it again.',
  NETWORK_ACCESS_DENIED: 'The server does not let this computer in over the network.',
  BAD_DEVICE_TYPE: 'The share is of another kind, for example a printer and not a folder.',
  REQUEST_NOT_ACCEPTED: 'The server takes no more connections to this, or not in this state.',
  SHARE_UNAVAILABLE: 'The share exists, but cannot be used at present.',
  PATH_NOT_COVERED: 'The folder lies on another server: the client has to ask where (DFS).',
  DFS_UNAVAILABLE: 'The place that this folder leads to cannot be reached (DFS).',
  FS_DRIVER_REQUIRED: 'The server has no namespace over several servers (DFS). Clients ask and go on without it.',
  CONNECTION_DISCONNECTED: 'The connection has broken off.',
  CONNECTION_RESET: 'The other end has broken off the connection.',
  CONNECTION_REFUSED: 'The computer answers, but nothing listens for SMB on that port.',
  CONNECTION_ABORTED: 'The connection was given up on this side.',
  HOST_UNREACHABLE: 'No way leads to that computer: look at the network, the address and the firewall.',
  NETWORK_UNREACHABLE: 'No way leads to that network.',
  IO_TIMEOUT: 'The other end has not answered in time.',
  REMOTE_NOT_LISTENING: 'The computer does not accept connections of this kind.',
  NETWORK_BUSY: 'The network or the server has too much to do at present.',
  INVALID_NETWORK_RESPONSE: 'The server has sent something that is not valid SMB, or not what was asked for.',
  UNEXPECTED_NETWORK_ERROR: 'Something has gone wrong on the network that nobody has a better word for.',
  VIRTUAL_CIRCUIT_CLOSED: 'The connection was closed by the other end.',
  FILE_NOT_AVAILABLE: 'The file cannot be reached at present; the client repeats such a request by itself.',
  DUPLICATE_OBJECTID: 'The identifier is used already.',
  CONTEXT_MISMATCH: 'What is asked for again is not what was asked for before.',

  // Names.
  OBJECT_NAME_NOT_FOUND: 'There is no file or folder of that name.',
  OBJECT_PATH_NOT_FOUND: 'A folder on the way to that name does not exist.',
  OBJECT_NAME_INVALID: 'The name has characters that are not allowed, or is too long.',
  OBJECT_PATH_INVALID: 'The path is not one that leads anywhere: a file stands where a folder would have to be.',
  OBJECT_PATH_SYNTAX_BAD: 'The path is not written as a path has to be.',
  OBJECT_NAME_COLLISION: 'There is already a file or folder of that name.',
  OBJECT_TYPE_MISMATCH: 'What has that name is of another kind.',
  NO_SUCH_FILE: 'No file in the folder fits the name or pattern.',
  NOT_FOUND: 'What was asked for does not exist.',
  NAME_TOO_LONG: 'The name or path is too long.',
  FILE_IS_A_DIRECTORY: 'That is a folder, and a file was expected.',
  NOT_A_DIRECTORY: 'That is not a folder, and a folder was expected.',
  DIRECTORY_NOT_EMPTY: 'The folder cannot be removed, since there is something in it.',
  NOT_SAME_DEVICE: 'The new place is on another disk: a file can be copied there, but not renamed or linked.',
  TOO_MANY_LINKS: 'The file has as many names as the disk allows.',
  REPARSE_POINT_NOT_RESOLVED: 'A link on the way leads nowhere, or in a circle, or out of the share.',
  NOT_A_REPARSE_POINT: 'That is not a link.',
  IO_REPARSE_DATA_INVALID: 'Where the link is to lead is not told in the right form.',
  IO_REPARSE_TAG_INVALID: 'There is no kind of link with that number.',
  IO_REPARSE_TAG_MISMATCH: 'That is a link of another kind.',
  REPARSE_ATTRIBUTE_CONFLICT: 'That is a link of another kind, or somebody else’s.',
  IO_REPARSE_TAG_NOT_HANDLED: 'That is a link of a kind that the server cannot follow.',

  // Rights and use by others.
  ACCESS_DENIED: 'That is not allowed with this account: the rights on the file, folder or share do not permit it.',
  PRIVILEGE_NOT_HELD: 'That needs a privilege that the account has not got.',
  SHARING_VIOLATION: 'Somebody else has the file open and does not share it in this way. Try again when it is closed.',
  FILE_LOCK_CONFLICT: 'Somebody else has locked that part of the file.',
  LOCK_NOT_GRANTED: 'That part of the file is locked already, so it could not be locked again.',
  RANGE_NOT_LOCKED: 'That part of the file was not locked by this opening of it, so it cannot be unlocked.',
  INVALID_LOCK_RANGE: 'The part to be locked ends behind where any file can end.',
  INVALID_LOCK_SEQUENCE: 'The request for a lock does not fit the ones before it.',
  DELETE_PENDING: 'The file is being deleted: it goes when the last who has it open closes it.',
  FILE_DELETED: 'The file has been deleted meanwhile.',
  CANNOT_DELETE: 'The file cannot be deleted: it is read-only, or in use in a way that forbids it.',
  USER_MAPPED_FILE: 'A program uses the file as memory, so it cannot be cut short.',
  OPLOCK_NOT_GRANTED: 'The file cannot be kept in a cache, since others use it, too.',
  INVALID_OPLOCK_PROTOCOL: 'The answer about the cached file came at a time when none was expected.',
  OPLOCK_BREAK_IN_PROGRESS: 'Somebody who keeps the file in a cache is being asked to write it back.',
  CANNOT_BREAK_OPLOCK: 'Who keeps the file in a cache cannot be made to write it back now.',
  FILES_OPEN: 'Files are still open, so this cannot be done.',
  INVALID_OWNER: 'The account cannot be made the owner.',
  INVALID_SECURITY_DESCR: 'The list of rights is malformed.',
  INVALID_ACL: 'The list of rights is malformed.',
  INVALID_SID: 'An account number in the request is malformed.',
  NONE_MAPPED: 'None of the names or account numbers is known to the server.',
  BAD_IMPERSONATION_LEVEL: 'The client asks the server to act for it in a way that does not exist.',

  // Room and size.
  DISK_QUOTA_EXCEEDED: 'The user has as much on the disk as is allowed: something has to be deleted first.',
  DISK_FULL: 'The disk is full.',
  QUOTA_EXCEEDED: 'The account has used up the room that it may use on this disk.',
  FILE_TOO_LARGE: 'The file would be larger than the disk or the server allows.',
  SECTION_TOO_BIG: 'The part that was asked for is too large.',
  EA_TOO_LARGE: 'The extended attributes take more room than the file can have for them.',
  INSUFFICIENT_RESOURCES: 'The server has not enough memory or too many files open at present. Try again later.',
  TOO_MANY_OPENED_FILES: 'Too many files are open.',
  ALLOTTED_SPACE_EXCEEDED: 'What is kept beside a file, or for a share, has no more room.',
  TOO_MANY_SESSIONS: 'The server has as many sessions as it allows.',
  INSUFF_SERVER_RESOURCES: 'The server has not enough memory at present. Try again later.',
  NO_MEMORY: 'There is not enough memory.',
  WORKING_SET_QUOTA: 'There is not enough memory for this program.',
  COMMITMENT_LIMIT: 'There is not enough memory.',
  BUFFER_TOO_SMALL: 'The client has left too little room for the answer.',
  INFO_LENGTH_MISMATCH: 'The request is not as long as it has to be for what it asks.',
  INVALID_BUFFER_SIZE: 'The request has a size that does not fit what it asks.',

  // Reading, writing, files that are open.
  END_OF_FILE: 'That is behind the end of the file: there is nothing to read.',
  FILE_CLOSED: 'The file has been closed, or the server never had it open for this session.',
  INVALID_HANDLE: 'The file that is meant is not open.',
  FILE_INVALID: 'The file has been changed from outside so that it cannot be used any more: open it again.',
  FILE_FORCED_CLOSED: 'The server, or its administrator, has closed the file.',
  FILE_RENAMED: 'The file has been renamed meanwhile.',
  CANCELLED: 'The request was taken back before it was done.',
  NO_EAS_ON_FILE: 'The file has no extended attributes.',
  NONEXISTENT_EA_ENTRY: 'The file has no extended attribute of that name.',
  EAS_NOT_SUPPORTED: 'The disk behind the share keeps no extended attributes.',
  EA_CORRUPT_ERROR: 'The extended attributes of the file are damaged.',
  VOLUME_DISMOUNTED: 'The share’s disk is no longer there: it was taken away while the server ran.',
  MEDIA_WRITE_PROTECTED: 'The share or its disk is read-only.',
  NO_MEDIA_IN_DEVICE: 'There is no disk in the drive.',
  NO_SUCH_DEVICE: 'The disk is not there.',
  UNRECOGNIZED_MEDIA: 'The disk has a format that is not known.',
  DEVICE_BUSY: 'The disk or device is in use by somebody else.',
  FILE_IS_OFFLINE: 'The file is kept elsewhere, and cannot be fetched at present.',
  DEVICE_DATA_ERROR: 'The disk could not be read without errors.',
  IO_DEVICE_ERROR: 'The disk reports an error.',
  CRC_ERROR: 'The data that was read is damaged.',
  FILE_CORRUPT_ERROR: 'The file or folder is damaged on the disk.',
  DISK_CORRUPT_ERROR: 'The file system of the disk is damaged.',
  UNEXPECTED_IO_ERROR: 'Reading or writing has failed for a reason that is not known.',
  RETRY: 'Try it again.',
  INVALID_TOKEN: 'What was to be copied on the server has changed, or was asked for too long ago: copy it again.',
  OFFLOAD_READ_FILE_NOT_SUPPORTED: 'A file of this kind cannot be copied on the server: read and write it.',
  OFFLOAD_WRITE_FILE_NOT_SUPPORTED: 'A file of this kind cannot be copied to on the server: read and write it.',
  JOURNAL_NOT_ACTIVE: 'The disk keeps no list of changes.',
  OBJECTID_NOT_FOUND: 'The file has no identifier of that kind.',
  FILE_SYSTEM_LIMITATION: 'The file system of the disk cannot do that with this file.',

  // Requests that cannot be served.
  REQUEST_OUT_OF_SEQUENCE: 'The request does not fit what was agreed on before it.',
  INVALID_PARAMETER: 'Something in the request is not allowed, or is malformed.',
  NOT_SUPPORTED: 'The server does not support that.',
  NOT_IMPLEMENTED: 'The server does not have that function.',
  INVALID_DEVICE_REQUEST: 'That cannot be done with a file, folder or share of this kind.',
  INVALID_DEVICE_STATE: 'That cannot be done in this state.',
  INVALID_INFO_CLASS: 'The server does not have information of that kind.',
  INVALID_LEVEL: 'The server does not have information of that kind.',
  INVALID_USER_BUFFER: 'The request does not hold what it has to hold.',
  INVALID_VIEW_SIZE: 'The part of the file that was asked for does not exist in that size.',
  UNSUCCESSFUL: 'It did not work, and the server does not say why.',
  FATAL_APP_EXIT: 'A program has ended because of an error that it could not go on from.',
  STACK_OVERFLOW: 'A program has ended because a calculation went too deep.',
  INTERNAL_ERROR: 'The server has made a mistake; its own log should say more.',
  DATA_ERROR: 'The data is damaged.',
  HASH_NOT_SUPPORTED: 'The server cannot make checksums of that kind.',
  HASH_NOT_PRESENT: 'There are no checksums of the file yet.',

  // Named pipes.
  PIPE_NOT_AVAILABLE: 'All instances of the service are busy, or it does not run.',
  PIPE_BUSY: 'The service is busy.',
  PIPE_DISCONNECTED: 'The service has ended the conversation.',
  PIPE_BROKEN: 'The service has ended the conversation.',
  PIPE_CLOSING: 'The other end is about to end the conversation.',
  PIPE_EMPTY: 'The service has nothing to say at present.',
  PIPE_LISTENING: 'The service waits for somebody to talk to.',
  INVALID_PIPE_STATE: 'The service does not expect that now.',
  INVALID_READ_MODE: 'The service cannot be read in that way.',
  INSTANCE_NOT_AVAILABLE: 'The service takes no more conversations.',
} as const satisfies Partial<Record<StatusName, string>>

/** Names of the codes that have an explanation of their own. */
export const explainedStatuses: readonly string[] = Object.keys(EXPLANATIONS)

const byCode = new Map<number, string>()
for (const [name, text] of Object.entries(EXPLANATIONS))
  if (!byCode.has(NtStatus[name as StatusName])) byCode.set(NtStatus[name as StatusName], text)

/** What ACCESS_DENIED means before there are files: at a logon (MS-SMB2 3.3.5.5), and at a share (3.3.5.7). */
const DENIED: Readonly<Record<string, string>> = {
  SESSION_SETUP:
    'The server does not let this account log on, or not in this way: as a guest, by another name of the server, or without signing and encryption.',
  TREE_CONNECT: 'The server does not let this account use the share, or not without encryption.',
}

/**
 * A sentence or two for people about a status; a general one for codes that SMB does not use. `command`: what was
 * answered so, `SESSION_SETUP`, where that is known.
 */
export function explainStatus(status: number, command?: string): string {
  const denied = status >>> 0 === NtStatus.ACCESS_DENIED ? DENIED[command?.replace(/_ANDX$/, '') ?? ''] : undefined
  const explanation = denied ?? byCode.get(status >>> 0)
  if (explanation !== undefined) return explanation
  return isError(status >>> 0)
    ? 'The server reports an error that file sharing does not normally know.'
    : 'The server reports something that file sharing does not normally know; it is not an error.'
}
