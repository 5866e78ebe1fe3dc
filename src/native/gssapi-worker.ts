/** The thread in which Kerberos is called: it may wait for a KDC, and its error texts belong to the thread. */
import { parentPort } from 'node:worker_threads'
import { GssAcceptor } from './gssapi-accept.ts'
import type { GssAnswer, GssCallName, GssCalls, GssFailure, GssQuestion } from './gssapi-calls.ts'
import { signMessage, verifyMessage } from './gssapi-context.ts'
import { InitialError } from './gssapi-initial.ts'
import { GssInitiator } from './gssapi-initiate.ts'
import { Gssapi, GssError } from './gssapi-library.ts'

interface Ends {
  readonly gss: Gssapi
  readonly acceptor: GssAcceptor
  readonly initiator: GssInitiator
}

type Handlers = { readonly [N in GssCallName]: (ends: Ends, request: GssCalls[N]['request']) => GssAnswer }

const value = (given: unknown): GssAnswer => ({ value: given })

const handlers: Handlers = {
  check: ({ acceptor }, { keytab }) => value(acceptor.check(keytab)),
  accept({ acceptor }, request) {
    const answer = acceptor.accept(request)
    if (!('problem' in answer)) return { value: answer }
    return { failure: { kind: 'refused', ...answer.problem, ...(answer.token.length > 0 && { token: answer.token }) } }
  },
  begin: ({ initiator }, request) => value(initiator.begin(request)),
  proceed: ({ initiator }, { id, token }) => value(initiator.proceed(id, token)),
  sign: ({ gss }, { exported, message }) => value(signMessage(gss, exported, message)),
  verify: ({ gss }, { exported, message, mic }) => value(verifyMessage(gss, exported, message, mic)),
}

let ends: Ends | undefined

function load(): Ends {
  const gss = new Gssapi()
  return { gss, acceptor: new GssAcceptor(gss), initiator: new GssInitiator(gss) }
}

function answerTo({ name, request }: GssQuestion): GssAnswer {
  try {
    ends ??= load()
  } catch (error) {
    return { failure: { kind: 'unavailable', major: 0, minor: 0, text: error instanceof Error ? error.message : '' } }
  }
  try {
    return handlers[name](ends, request as never)
  } catch (error) {
    if (!(error instanceof GssError)) throw error
    return { failure: failureOf(error) }
  } finally {
    ends.gss.letGo()
  }
}

function failureOf(error: GssError): GssFailure {
  const errorData = error instanceof InitialError ? error.errorData : undefined
  return { kind: 'refused', ...error.problem, ...(errorData && { errorData }) }
}

parentPort?.on('message', (question: GssQuestion) => parentPort?.postMessage(answerTo(question), []))
