/**
 * `smbkit/wire`: messages of SMB as declarations, one namespace a document. Each declaration decodes strictly, encodes,
 * and takes damaged bytes apart; see `Struct`. Imports nothing of Node's.
 */
export * as dcerpc from './dcerpc/index.ts'
export * as dfsc from './dfsc/index.ts'
export * as dtyp from './dtyp/index.ts'
export { explainStatus } from './erref/explain.ts'
export { isError, NtStatus, ntStatusName } from './erref/ntstatus.ts'
export * as fscc from './fscc/index.ts'
export * as kerberos from './kerberos/index.ts'
export * as nbss from './nbss/index.ts'
export * as netbios from './netbios/index.ts'
export * as ntlmssp from './ntlmssp/index.ts'
export * as schema from './schema/index.ts'
export * as smb1 from './smb1/index.ts'
export * as smb2 from './smb2/index.ts'
export * as spnego from './spnego/index.ts'
