import { lenient } from '../../bytes/lenient.ts'
import { bytesOf, viewOf } from '../../bytes/utf16.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { decodeAuthenticate, NtlmMessageType, ntlmMessageType } from '../../wire/ntlmssp/index.ts'
import { movedTree } from '../../wire/schema/index.ts'
import {
  Command,
  CreateRequest,
  CreateResponse,
  commandName,
  dissectMessage,
  FileId,
  HeaderFlags,
  informationAsked,
  isSuccessResponse,
  SessionSetupRequest,
  SMB2_HEADER_SIZE,
  TreeConnectRequest,
} from '../../wire/smb2/index.ts'
import { dissectSpnego } from '../../wire/spnego/index.ts'
import { mechanismToken } from '../keys/mechanism-token.ts'
import { type Field, inferredField, type Layer, namedFields, ownField } from './field.ts'
import { fileIdAt, fileIdText, NO_FILE } from './file-ids.ts'
import { pipeData } from './pipe-data.ts'
import type { PipeReader } from './pipe-reader.ts'
import type { LogonNames, PendingRequest, Smb2State } from './smb2-state.ts'
import { classNames } from './wireshark-names.ts'

/** A frame in which a message ends. */
export interface Place {
  readonly frame: number
  readonly timeNs: number
  readonly fromServer: boolean
  /** Somebody wants to see this frame; of others only what later frames mean is taken in. */
  readonly isWanted: boolean
}

/** What the messages of a chain hand on: a related request means the file, tree and session of the one before. */
interface Chain {
  fileId: string
  fileName: string | undefined
  treeId: number
  sessionId: bigint
}

const RELATED_TREE = 0xffff_ffff
const RELATED_SESSION = 0xffff_ffff_ffff_ffffn
/** Most messages of a chain. */
const maxChain = 1024

/** The messages of a chain as layers, with what follows from earlier ones. */
export function smb2Layers(bytes: Uint8Array, place: Place, state: Smb2State, pipes: PipeReader): Layer[] {
  const view = viewOf(bytes)
  const layers: Layer[] = []
  const chain: Chain = { fileId: NO_FILE, fileName: undefined, treeId: RELATED_TREE, sessionId: RELATED_SESSION }
  for (let at = 0; layers.length < maxChain; ) {
    const next = at + SMB2_HEADER_SIZE <= bytes.length ? view.getUint32(at + 20, true) : 0
    const isLinked = next >= SMB2_HEADER_SIZE && at + next < bytes.length
    const end = isLinked ? at + next : bytes.length
    layers.push(new Message(bytes.subarray(at, end), place, state, chain, pipes).layer())
    if (!isLinked) break
    at = end
  }
  return layers
}

/** One message on its way to be a layer. */
class Message {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #place: Place
  readonly #state: Smb2State
  readonly #chain: Chain
  readonly #pipes: PipeReader
  readonly #inferred: Field[] = []

  constructor(bytes: Uint8Array, place: Place, state: Smb2State, chain: Chain, pipes: PipeReader) {
    this.#bytes = bytes
    this.#view = viewOf(bytes)
    this.#place = place
    this.#state = state
    this.#chain = chain
    this.#pipes = pipes
  }

  layer(): Layer {
    const view = this.#view
    if (view.byteLength < SMB2_HEADER_SIZE) return this.#made(undefined, 'cut off')
    const command = view.getUint16(12, true)
    const messageId = view.getBigUint64(24, true)
    const request = this.#place.fromServer ? this.#state.pending.get(messageId) : undefined
    const suffix = this.#place.fromServer ? 'Response' : 'Request'
    const title = `${commandName(command)} ${suffix}`
    if (!this.#place.fromServer) return this.#request(command, messageId, title)
    return this.#response(command, messageId, request, title)
  }

  #request(command: number, messageId: bigint, title: string): Layer {
    const { frame, timeNs } = this.#place
    const asked = informationAsked(this.#view)
    const sessionId = this.#sessionId()
    this.#noteWhere(sessionId, command)
    const fileId = this.#file(command)
    const pending: PendingRequest = {
      frame,
      timeNs,
      command,
      asked,
      name: this.#nameAsked(command),
      user: command === Command.SESSION_SETUP ? this.#logonNames() : undefined,
      fileId,
      fields: [],
    }
    if (command === Command.CREATE) this.#chain.fileName = pending.name
    // A CANCEL has no answer of its own.
    if (command !== Command.CANCEL) this.#state.pending.set(messageId, pending)
    const layer = this.#made(asked, title, fileId)
    pending.fields = layer.fields[0]?.children ?? []
    return layer
  }

  #response(command: number, messageId: bigint, request: PendingRequest | undefined, title: string): Layer {
    const { frame, timeNs } = this.#place
    const status = this.#view.getUint32(8, true)
    const isInterim = status === NtStatus.PENDING
    const sessionId = this.#sessionId()
    if (request !== undefined) this.#learn(command, status, request, sessionId)
    this.#noteWhere(sessionId, command)
    if (request !== undefined) {
      this.#noteAsked(request)
      this.#inferred.push(inferredField('smb2.response_to', 'response to', request.frame, request.frame))
      const seconds = (timeNs - request.timeNs) / 1e9
      this.#inferred.push(inferredField('smb2.time', 'time from request', seconds, request.frame, `${seconds} s`))
      request.fields.push(inferredField('smb2.response_in', 'response in', frame, frame))
      if (!isInterim) this.#state.pending.delete(messageId)
    }
    return this.#made(request?.asked, title, request?.fileId)
  }

  #sessionId(): bigint {
    const id = this.#view.getBigUint64(40, true)
    if (id !== RELATED_SESSION) this.#chain.sessionId = id
    return this.#chain.sessionId
  }

  /** What the ids of the header stand for. */
  #noteWhere(sessionId: bigint, command: number): void {
    const user = this.#state.users.get(sessionId)
    if (user !== undefined) {
      const { account, domain, host } = user.value
      this.#inferred.push(inferredField('smb2.acct', 'account', account, user.frame))
      this.#inferred.push(inferredField('smb2.domain', 'domain', domain, user.frame))
      this.#inferred.push(inferredField('smb2.host', 'host', host, user.frame))
    }
    const isAsync = (this.#view.getUint32(16, true) & HeaderFlags.ASYNC_COMMAND) !== 0
    if (isAsync || command === Command.TREE_CONNECT) return
    const treeId = this.#view.getUint32(36, true)
    if (treeId !== RELATED_TREE) this.#chain.treeId = treeId
    const tree = this.#state.trees.get(`${sessionId} ${this.#chain.treeId}`)
    if (tree === undefined) return
    const { path, shareType } = tree.value
    this.#inferred.push(inferredField('smb2.tree', 'tree', path, tree.frame))
    this.#inferred.push(inferredField('smb2.share_type', 'share type', shareType, tree.frame))
  }

  /** An answer does not say what it tells of; its request did. */
  #noteAsked({ asked, frame }: PendingRequest): void {
    if (asked === undefined) return
    const { infoType, infoClass } = asked
    const note = (name: string, label: string, value: number) =>
      this.#inferred.push(inferredField(name, label, value, frame))
    if (asked.isListing === true) note('smb2.find.infolevel', 'information class', infoClass)
    else {
      note('smb2.class', 'information type', infoType)
      const name = classNames[infoType]
      if (name !== undefined) note(name, 'information class', infoClass)
    }
  }

  /** The handle that a request is about, and its name. */
  #file(command: number): string | undefined {
    const at = fileIdAt[command]
    if (at === undefined || SMB2_HEADER_SIZE + at + FileId.size > this.#bytes.length) return undefined
    const id = fileIdText(this.#view, SMB2_HEADER_SIZE + at)
    const isRelated = id === NO_FILE
    const fileId = isRelated ? this.#chain.fileId : id
    if (!isRelated) this.#chain.fileId = id
    const known = this.#state.files.get(fileId)
    const name = isRelated && fileId === NO_FILE ? this.#chain.fileName : known?.value
    const from = known?.frame ?? this.#place.frame
    if (name !== undefined && name !== '')
      this.#inferred.push(inferredField('smb2.fid.filename', 'file name', name, from))
    return fileId
  }

  #nameAsked(command: number): string | undefined {
    const decode = <T>(of: { decode(view: DataView, base: number, end: number, origin: number): T }): T | undefined =>
      lenient(() => of.decode(this.#view, SMB2_HEADER_SIZE, this.#bytes.length, 0))
    if (command === Command.CREATE) return decode(CreateRequest)?.name
    return command === Command.TREE_CONNECT ? decode(TreeConnectRequest)?.path : undefined
  }

  #logonNames(): LogonNames | undefined {
    return lenient(() => {
      const body = SessionSetupRequest.decode(this.#view, SMB2_HEADER_SIZE, this.#bytes.length, 0)
      const token = mechanismToken(body.securityBuffer)
      if (token === undefined || ntlmMessageType(token) !== NtlmMessageType.AUTHENTICATE) return undefined
      const { userName, domainName, workstation } = decodeAuthenticate(token)
      return { account: userName, domain: domainName, host: workstation }
    })
  }

  /** What an answer settles for messages that follow. */
  #learn(command: number, status: number, request: PendingRequest, sessionId: bigint): void {
    if (!isSuccessResponse(command, status)) return
    const { frame } = request
    if (command === Command.SESSION_SETUP && request.user !== undefined)
      this.#state.users.set(sessionId, { value: request.user, frame })
    if (command === Command.TREE_CONNECT && request.name !== undefined)
      this.#state.trees.set(`${sessionId} ${this.#view.getUint32(36, true)}`, {
        value: { path: request.name, shareType: this.#bytes[SMB2_HEADER_SIZE + 2] ?? 0 },
        frame,
      })
    if (command === Command.CREATE && request.name !== undefined) {
      const body = lenient(() => CreateResponse.decode(this.#view, SMB2_HEADER_SIZE, this.#bytes.length, 0))
      if (body === undefined) return
      const id = fileIdText(this.#view, SMB2_HEADER_SIZE + 64)
      this.#chain.fileId = id
      this.#state.files.set(id, { value: request.name, frame })
    }
  }

  #made(asked: ReturnType<typeof informationAsked>, title: string, fileId?: string): Layer {
    const rpc = this.#rpc(fileId)
    const bytes = this.#bytes
    if (!this.#place.isWanted) return { protocol: 'smb2', title, bytes, fields: [] }
    const nodes = dissectMessage(this.#view, 0, bytes.length, this.#place.fromServer, asked)
    for (const node of nodes[1]?.children ?? [])
      if (node.label === 'securityBuffer' && node.end > node.start) {
        const token = bytesOf(this.#view, node.start, node.end)
        node.children.push(...dissectSpnego(token).map((tree) => movedTree(tree, node.start)))
      }
    const fields = namedFields(nodes, this.#place)
    // The root of a share has an empty name, which is a name.
    const body = fields[1]
    if (body?.label === CreateRequest.structName && !body.children.some(({ label }) => label === 'name'))
      body.children.push(ownField('smb2.filename', 'name', [body.end, body.end], ''))
    fields[0]?.children.push(...this.#inferred)
    const about = rpc.map(({ display }) => display).filter((display) => display !== '')
    return { protocol: 'smb2', title: [title, ...about].join(', '), bytes, fields: [...fields, ...rpc] }
  }

  /** READ, WRITE and FSCTL_PIPE_TRANSCEIVE may carry DCE/RPC; the reader of pipes looks whether they do. */
  #rpc(fileId: string | undefined): Field[] {
    if (fileId === undefined || this.#bytes.length < SMB2_HEADER_SIZE) return []
    const data = pipeData(this.#view, this.#view.getUint16(12, true), this.#place.fromServer)
    if (data === undefined || data.length === 0) return []
    return this.#pipes.read(fileId, data, this.#place, data.byteOffset - this.#view.byteOffset)
  }
}
