import { LimitedMap, type Said } from './smb2-state.ts'

/** What a connection of DCE/RPC, over TCP or a pipe, has settled. */
export class RpcState {
  readonly contexts = new LimitedMap<number, Said<RpcContext>>()
  /** Requests by call id. */
  readonly calls = new LimitedMap<number, Said<RpcCall>>()
}

/** A presentation context. */
export interface RpcContext {
  /** UUID of the interface. */
  readonly interfaceId: string
  /** Its arguments are in NDR, and not in NDR64, which Windows takes where it can. */
  readonly isNdr: boolean
}

export interface RpcCall {
  /** Undefined where the bind was not captured. */
  readonly context: RpcContext | undefined
  readonly operationNumber: number
}
