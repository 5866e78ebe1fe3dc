import type { Struct } from '../schema/index.ts'
import { Smb1EchoRequest, Smb1EchoResponse } from './echo.ts'
import { Smb1Command } from './header.ts'
import { Smb1Logoff } from './logoff-andx.ts'
import {
  Smb1NegotiateExtendedResponse,
  Smb1NegotiateRefusal,
  Smb1NegotiateRequest,
  Smb1NegotiateResponse,
} from './negotiate.ts'
import {
  Smb1SessionSetupExtendedRequest,
  Smb1SessionSetupExtendedResponse,
  Smb1SessionSetupRequest,
  Smb1SessionSetupResponse,
} from './session-setup-andx.ts'
import type { ByText } from './text.ts'
import {
  Smb1TreeConnectExtendedResponse,
  Smb1TreeConnectRequest,
  Smb1TreeConnectResponse,
} from './tree-connect-andx.ts'
import { Smb1TreeDisconnect } from './tree-disconnect.ts'
import {
  Smb1AndXWords,
  Smb1CoreTransferWords,
  Smb1FidWords,
  Smb1LockingWords,
  Smb1NtCreateResponseWords,
  Smb1NtCreateWords,
  Smb1NtTransactResponseWords,
  Smb1NtTransactWords,
  Smb1OpenAndXResponseWords,
  Smb1OpenAndXWords,
  Smb1ReadAndXResponseWords,
  Smb1ReadAndXWords,
  Smb1TransactionResponseWords,
  Smb1TransactionWords,
  Smb1WriteAndXResponseWords,
  Smb1WriteAndXWords,
} from './words.ts'

// A body is only taken apart here, whatever it holds.
type Body = Struct<unknown, never>
type Texts = ByText<unknown, never>

const chosen = (texts: Texts, isUnicode: boolean): Body => (isUnicode ? texts.unicode : texts.oem)

/**
 * The declaration of a whole command, WordCount and bytes included; undefined where only its words are declared. The
 * number of words tells forms apart (MS-CIFS 2.2.4, MS-SMB 2.2.4).
 */
export function smb1Body(
  command: number,
  wordCount: number,
  fromServer: boolean,
  flags: { readonly isUnicode: boolean; readonly isExtended: boolean },
): Body | undefined {
  const key = `${command} ${fromServer ? 'response' : 'request'} ${wordCount}`
  const isExtendedNegotiate = flags.isExtended && key === negotiated
  const found = isExtendedNegotiate ? Smb1NegotiateExtendedResponse : bodies[key]
  if (found === undefined) return undefined
  return 'unicode' in found ? chosen(found, flags.isUnicode) : found
}

const negotiated = `${Smb1Command.NEGOTIATE} response 17`
const bodies: Readonly<Record<string, Body | Texts>> = {
  [`${Smb1Command.NEGOTIATE} request 0`]: Smb1NegotiateRequest,
  [`${Smb1Command.NEGOTIATE} response 1`]: Smb1NegotiateRefusal,
  [negotiated]: Smb1NegotiateResponse,
  [`${Smb1Command.SESSION_SETUP_ANDX} request 13`]: Smb1SessionSetupRequest,
  [`${Smb1Command.SESSION_SETUP_ANDX} request 12`]: Smb1SessionSetupExtendedRequest,
  [`${Smb1Command.SESSION_SETUP_ANDX} response 3`]: Smb1SessionSetupResponse,
  [`${Smb1Command.SESSION_SETUP_ANDX} response 4`]: Smb1SessionSetupExtendedResponse,
  [`${Smb1Command.TREE_CONNECT_ANDX} request 4`]: Smb1TreeConnectRequest,
  [`${Smb1Command.TREE_CONNECT_ANDX} response 3`]: Smb1TreeConnectResponse,
  [`${Smb1Command.TREE_CONNECT_ANDX} response 7`]: Smb1TreeConnectExtendedResponse,
  [`${Smb1Command.LOGOFF_ANDX} request 2`]: Smb1Logoff,
  [`${Smb1Command.LOGOFF_ANDX} response 2`]: Smb1Logoff,
  [`${Smb1Command.TREE_DISCONNECT} request 0`]: Smb1TreeDisconnect,
  [`${Smb1Command.TREE_DISCONNECT} response 0`]: Smb1TreeDisconnect,
  [`${Smb1Command.ECHO} request 1`]: Smb1EchoRequest,
  [`${Smb1Command.ECHO} response 1`]: Smb1EchoResponse,
}

/** The declaration of a command's words alone. */
export function smb1Words(command: number, wordCount: number, fromServer: boolean): Body | undefined {
  const found = (fromServer ? responseWords : requestWords)[command]
  if (found === undefined) return undefined
  if (found.size <= wordCount * 2) return found
  // An error has nothing but the link to the next command.
  return wordCount === 2 ? Smb1AndXWords : undefined
}

const requestWords: Readonly<Record<number, Body>> = {
  [Smb1Command.NT_CREATE_ANDX]: Smb1NtCreateWords,
  [Smb1Command.OPEN_ANDX]: Smb1OpenAndXWords,
  [Smb1Command.READ_ANDX]: Smb1ReadAndXWords,
  [Smb1Command.WRITE_ANDX]: Smb1WriteAndXWords,
  [Smb1Command.LOCKING_ANDX]: Smb1LockingWords,
  [Smb1Command.CLOSE]: Smb1FidWords,
  [Smb1Command.FLUSH]: Smb1FidWords,
  [Smb1Command.SEEK]: Smb1FidWords,
  [Smb1Command.QUERY_INFORMATION2]: Smb1FidWords,
  [Smb1Command.SET_INFORMATION2]: Smb1FidWords,
  [Smb1Command.READ]: Smb1CoreTransferWords,
  [Smb1Command.WRITE]: Smb1CoreTransferWords,
  [Smb1Command.LOCK_BYTE_RANGE]: Smb1FidWords,
  [Smb1Command.UNLOCK_BYTE_RANGE]: Smb1FidWords,
  [Smb1Command.TRANSACTION]: Smb1TransactionWords,
  [Smb1Command.TRANSACTION2]: Smb1TransactionWords,
  [Smb1Command.NT_TRANSACT]: Smb1NtTransactWords,
}
const responseWords: Readonly<Record<number, Body>> = {
  [Smb1Command.NT_CREATE_ANDX]: Smb1NtCreateResponseWords,
  [Smb1Command.OPEN_ANDX]: Smb1OpenAndXResponseWords,
  [Smb1Command.READ_ANDX]: Smb1ReadAndXResponseWords,
  [Smb1Command.WRITE_ANDX]: Smb1WriteAndXResponseWords,
  [Smb1Command.LOCKING_ANDX]: Smb1AndXWords,
  [Smb1Command.TRANSACTION]: Smb1TransactionResponseWords,
  [Smb1Command.TRANSACTION2]: Smb1TransactionResponseWords,
  [Smb1Command.NT_TRANSACT]: Smb1NtTransactResponseWords,
}

/** `NT_CREATE_ANDX`, or a number for a command that the specification does not know. */
export const smb1CommandName = (command: number): string =>
  Object.entries(Smb1Command).find(([, code]) => code === command)?.[0] ?? `command ${command}`
