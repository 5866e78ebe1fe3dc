import type { Guid } from '../bytes/guid.ts'
import { viewOf } from '../bytes/utf16.ts'
import type { Syntax } from '../wire/dcerpc/index.ts'
import { MemberList } from './ndr/constructed.ts'
import { type Members, type MembersInput, type NdrFields, type NdrLimits, NdrReader, NdrWriter } from './ndr/index.ts'

/**
 * Parameters in one direction, in their order; a return value is the last one of `out`. A parameter that is a
 * reference pointer is declared as what it points to: it has no representation of its own (C706 14.3.11).
 */
export interface Parameters<T, Input> {
  /**
   * Big-endian parameters are changed in their place.
   * @throws WireError for bytes that are not these parameters
   */
  read(stub: Uint8Array, limits?: NdrLimits, isBigEndian?: boolean): T
  /** @throws NdrTooLarge above `maxBytes`; TypeError where a parameter is missing */
  write(value: Input, maxBytes?: number): Uint8Array
}

/**
 * One operation of an interface: its number and both parameter lists. Server and client both work from it: a caller
 * gives `Request` and gets `Result`, a handler gets `Received` and gives `Answer`.
 */
export interface Operation<Request, Received, Answer, Result> {
  readonly operationNumber: number
  readonly operationName: string
  readonly in: Parameters<Received, Request>
  readonly out: Parameters<Result, Answer>
}

/** A parameter list, or what is encoded as one. */
export function parameters<F extends NdrFields>(owner: string, fields: F): Parameters<Members<F>, MembersInput<F>> {
  const list = new MemberList(owner, fields)
  return {
    read(stub, limits, isBigEndian) {
      const reader = new NdrReader(viewOf(stub), limits, isBigEndian)
      const value: Record<string, unknown> = {}
      for (const member of list.members) reader.run(() => member.type.read(reader, list.setter(reader, member, value)))
      return value as Members<F>
    },
    write(value, maxBytes) {
      const writer = new NdrWriter(maxBytes)
      for (const member of list.members) writer.run(() => member.type.write(writer, list.valueOf(member, value)))
      return writer.finish()
    },
  }
}

/** Declares an operation: `op(15, 'NetrShareEnum', { in: { ... }, out: { ... } })`. */
export function op<const In extends NdrFields, const Out extends NdrFields>(
  operationNumber: number,
  operationName: string,
  directions: { readonly in: In; readonly out: Out },
): Operation<MembersInput<In>, Members<In>, MembersInput<Out>, Members<Out>> {
  return {
    operationNumber,
    operationName,
    in: parameters(`${operationName}.in`, directions.in),
    out: parameters(`${operationName}.out`, directions.out),
  }
}

// An interface holds operations of every shape; each one's own shape is recovered by inference.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyOperation = Operation<any, any, any, any>
export type Operations = Readonly<Record<string, AnyOperation>>

/** What a caller gives. */
export type RequestOf<O> = O extends Operation<infer Q, infer _V, infer _A, infer _R> ? Q : never
/** What a handler gets. */
export type InputOfOperation<O> = O extends Operation<infer _Q, infer V, infer _A, infer _R> ? V : never
/** What a handler answers. */
export type AnswerOf<O> = O extends Operation<infer _Q, infer _V, infer A, infer _R> ? A : never
/** What a caller gets. */
export type ResultOf<O> = O extends Operation<infer _Q, infer _V, infer _A, infer R> ? R : never

/** An interface: who it is and what it can do. */
export interface RpcInterface<O extends Operations = Operations> {
  readonly interfaceName: string
  readonly syntax: Syntax
  /** Pipes it is found on, without `\PIPE\`. */
  readonly pipe: string
  readonly operations: O
}

/** Declares an interface. `version` is as in its IDL, e.g. `3.0`. */
export function rpcInterface<const O extends Operations>(
  interfaceName: string,
  about: { readonly uuid: Guid; readonly version: `${number}.${number}`; readonly pipe: string },
  operations: O,
): RpcInterface<O> {
  const numbers = new Set<number>()
  for (const { operationNumber, operationName } of Object.values(operations)) {
    if (numbers.has(operationNumber)) throw new TypeError(`${interfaceName}.${operationName}: number taken twice`)
    numbers.add(operationNumber)
  }
  const [major = '0', minor = '0'] = about.version.split('.')
  const syntax = { uuid: about.uuid, versionMajor: Number(major), versionMinor: Number(minor) }
  return { interfaceName, syntax, pipe: about.pipe, operations }
}
