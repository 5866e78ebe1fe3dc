/** Which presentation contexts of a bind or alter_context are accepted (C706 9.3, MS-RPCE 3.3.1.5.3). */
import { NULL_GUID } from '../bytes/guid.ts'
import {
  BindTimeFeatures,
  bindTimeFeatures,
  type ContextElement,
  ContextReason,
  ContextResult,
  type ContextResultInput,
  type Syntax,
  TransferSyntax,
} from '../wire/dcerpc/index.ts'
import type { RpcInterface } from './operation.ts'
import type { RpcService } from './service.ts'

const NO_SYNTAX: Syntax = { uuid: NULL_GUID, versionMajor: 0, versionMinor: 0 }
/** What the server does: several logons on a connection, and a connection that is kept when a call on it is orphaned. */
const SUPPORTED_FEATURES = BindTimeFeatures.SECURITY_CONTEXT_MULTIPLEXING | BindTimeFeatures.KEEP_CONNECTION_ON_ORPHAN

/** Interfaces by the ids that the client calls them by. */
export type Contexts = Map<number, RpcInterface>

const same = (a: Syntax, b: Syntax): boolean =>
  a.uuid === b.uuid && a.versionMajor === b.versionMajor && a.versionMinor === b.versionMinor

/** An interface serves clients of its major version and of no newer minor one (C706 6.1.2). */
function serves(offered: Syntax, wanted: Syntax): boolean {
  return (
    offered.uuid === wanted.uuid &&
    offered.versionMajor === wanted.versionMajor &&
    offered.versionMinor >= wanted.versionMinor
  )
}

const rejection = (reason: number): ContextResultInput => ({
  result: ContextResult.PROVIDER_REJECTION,
  reason,
  transferSyntax: NO_SYNTAX,
})

function negotiate(
  element: ContextElement,
  services: readonly RpcService[],
  contexts: Contexts,
  maxContexts: number,
): ContextResultInput | 'protocol error' {
  const { contextId, transferSyntaxes } = element
  if (transferSyntaxes.length === 0) return 'protocol error'
  const found = services.find((each) => serves(each.interface.syntax, element.abstractSyntax))?.interface
  const before = contexts.get(contextId)
  const speaksNdr20 = transferSyntaxes.some((syntax) => same(syntax, TransferSyntax.NDR20))
  const speaksNdr64 = transferSyntaxes.some((syntax) => same(syntax, TransferSyntax.NDR64))
  // An id that is in use may only be asked for again as what it is.
  if (before !== undefined && (before !== found || (speaksNdr64 && !speaksNdr20))) return 'protocol error'
  if (found === undefined) return rejection(ContextReason.ABSTRACT_SYNTAX_NOT_SUPPORTED)
  // NDR 2.0 alone is spoken: a context that offers only NDR64 is refused, and clients come back with NDR 2.0.
  if (!speaksNdr20) return rejection(ContextReason.TRANSFER_SYNTAXES_NOT_SUPPORTED)
  if (before === undefined && contexts.size >= maxContexts) return rejection(ContextReason.LOCAL_LIMIT_EXCEEDED)
  contexts.set(contextId, found)
  return {
    result: ContextResult.ACCEPTANCE,
    reason: ContextReason.NOT_SPECIFIED,
    transferSyntax: TransferSyntax.NDR20,
  }
}

export interface Negotiated {
  readonly results: ContextResultInput[]
  /** The features that were asked for and are given; undefined where none were asked for. */
  readonly features: number | undefined
}

/** Answers every context in order, and keeps in `contexts` what is accepted; undefined for a protocol error. */
export function negotiateAll(
  elements: readonly ContextElement[],
  services: readonly RpcService[],
  contexts: Contexts,
  maxContexts: number,
): Negotiated | undefined {
  if (elements.length === 0) return undefined
  const results: ContextResultInput[] = []
  let given: number | undefined
  for (const element of elements) {
    // A context whose first transfer syntax stands for features asks for nothing else (MS-RPCE 3.3.1.5.3), and once.
    const [first] = element.transferSyntaxes
    const features = first === undefined ? undefined : bindTimeFeatures(first)
    if (features !== undefined) {
      if (given !== undefined) return undefined
      given = features & SUPPORTED_FEATURES
      results.push({ result: ContextResult.NEGOTIATE_ACK, reason: given, transferSyntax: NO_SYNTAX })
      continue
    }
    const result = negotiate(element, services, contexts, maxContexts)
    if (result === 'protocol error') return undefined
    results.push(result)
  }
  return { results, features: given }
}
