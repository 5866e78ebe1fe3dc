import type { ContextHandles } from './context-handles.ts'
import type { RpcFault } from './fault.ts'
import type { Maybe } from './maybe.ts'
import type { AnswerOf, AnyOperation, InputOfOperation, Operations, RpcInterface } from './operation.ts'

/** What a handler knows of its call beside the parameters. */
export interface Call {
  /** Aborted when the client cancels the call or goes away. */
  readonly signal: AbortSignal
  readonly handles: ContextHandles
}

/** A handler gets its parameters by name and answers with the `out` ones, or a fault. */
export type Handler<O> = (input: InputOfOperation<O>, call: Call) => Maybe<AnswerOf<O> | RpcFault>

/** Handlers for the operations that a server has; the others are answered "operation out of range". */
export type Handlers<O extends Operations> = { readonly [K in keyof O]?: Handler<O[K]> }

export interface ServiceEntry {
  readonly operation: AnyOperation
  readonly handle: (input: never, call: Call) => Maybe<unknown>
}

/** An interface with its handlers, ready to be offered. */
export interface RpcService {
  readonly interface: RpcInterface
  find(operationNumber: number): ServiceEntry | undefined
}

/** Joins an interface and its handlers, which are typed by its declaration. */
export function service<const O extends Operations>(
  definition: RpcInterface<O>,
  handlers: Handlers<NoInfer<O>>,
): RpcService {
  const entries = new Map<number, ServiceEntry>()
  for (const [name, operation] of Object.entries(definition.operations)) {
    const handle = handlers[name] as ServiceEntry['handle'] | undefined
    if (handle !== undefined) entries.set(operation.operationNumber, { operation, handle })
  }
  return { interface: definition, find: (operationNumber) => entries.get(operationNumber) }
}
