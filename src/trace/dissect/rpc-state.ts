import { LimitedMap, type Said } from './smb2-state.ts'

/** What a connection of DCE/RPC, over TCP or a pipe, has settled. */
export class RpcState {
  /** Interfaces by presentation context: UUIDs. */
  readonly contexts = new LimitedMap<number, Said<string>>()
  /** Requests by call id. */
  readonly calls = new LimitedMap<number, Said<RpcCall>>()
}

export interface RpcCall {
  /** UUID of the interface; undefined where its bind was not captured. */
  readonly interfaceId: string | undefined
  readonly operationNumber: number
}
