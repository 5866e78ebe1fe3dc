/** What a server says and does, asked from outside: each question is a connection of its own. */
import { randomBytes } from 'node:crypto'
import { namesWith, type ServerNames } from '../../../auth/server-names.ts'
import type {
  Client,
  Connect,
  Negotiate,
  NetworkInterface,
  ServerDescription,
  ShareListing,
  SpeaksSmb1,
} from '../../../client/api/client.ts'
import type { ConnectOptions, Credentials, DialectName } from '../../../client/api/options.ts'
import { StatusError, TransportError } from '../../../client/errors.ts'
import { dialectNames } from '../../../config/choices.ts'
import type { CipherName } from '../../../crypto/sealing.ts'
import type { SigningAlgorithm } from '../../../crypto/signing.ts'
import { NtStatus } from '../../../wire/erref/ntstatus.ts'
import { isAbort } from '../servers.ts'

/** Yes, no, or it could not be found out. */
export type Answer = boolean | undefined

/** What is known of a server. */
export interface Survey {
  /** What the newest dialect settled; undefined for a server that speaks SMB1 alone. */
  readonly description: ServerDescription | undefined
  readonly dialects: readonly DialectName[]
  readonly ciphers: readonly CipherName[]
  readonly signingAlgorithms: readonly SigningAlgorithm[]
  readonly speaksSmb1: Answer
  /** A user who does not exist, with any password, is let in as a guest. */
  readonly takesGuests: Answer
  readonly takesAnonymous: Answer
  /** What nobody can list. */
  readonly sharesForAnonymous: readonly ShareListing[] | undefined
  readonly names: ServerNames | undefined
  /** With a logon. */
  readonly interfaces: readonly NetworkInterface[] | undefined
  /** Milliseconds there and back, of an ECHO. */
  readonly roundTripMs: number | undefined
}

/** The client's functions that a survey is made with. */
interface SurveyTools {
  readonly connect: Connect
  readonly negotiate: Negotiate
  readonly speaksSmb1: SpeaksSmb1
}

interface SurveyOptions {
  readonly host: string
  readonly port: number | undefined
  /** What all connections have in common. */
  readonly common: ConnectOptions
  /** Who logs on for what needs a logon; undefined: nobody does. */
  readonly credentials: Credentials | undefined
}

const ciphers: readonly CipherName[] = ['aes-128-gcm', 'aes-256-gcm', 'aes-128-ccm', 'aes-256-ccm']
const signingAlgorithms: readonly SigningAlgorithm[] = ['aes-gmac', 'aes-cmac', 'hmac-sha256']

/** Asks all questions. Fails where the server cannot be reached, or where the logon that was asked for fails. */
export async function survey(tools: SurveyTools, options: SurveyOptions): Promise<Survey> {
  const asked = new Questions(tools, options)
  const description = await asked.description()
  const speaksSmb1 = await asked.speaksSmb1()
  const isNew = description?.dialect === '3.1.1'
  const dialects = description === undefined ? [] : await asked.dialects()
  // Only in 3.1.1 there is a choice of these.
  const found = {
    ciphers: isNew ? await asked.ciphers() : description?.cipher === undefined ? [] : [description.cipher],
    signingAlgorithms: isNew
      ? await asked.signingAlgorithms()
      : description === undefined
        ? []
        : [description.signingAlgorithm],
  }
  const guest = await asked.guest()
  const anonymous = await asked.anonymous()
  const known = await asked.known()
  return { description, dialects, ...found, speaksSmb1, ...guest, ...anonymous, ...known }
}

class Questions {
  readonly #tools: SurveyTools
  readonly #options: SurveyOptions

  constructor(tools: SurveyTools, options: SurveyOptions) {
    this.#tools = tools
    this.#options = options
  }

  /** The first question: a server that does not answer it is not there, unless it speaks SMB1 alone. */
  async description(): Promise<ServerDescription | undefined> {
    try {
      return await this.#negotiate({})
    } catch (error) {
      if (isAbort(error)) throw error
      const isUnreachable = error instanceof TransportError && error.code !== 'ECONNRESET'
      if (!isUnreachable && (await this.speaksSmb1()) === true) return undefined
      throw error
    }
  }

  speaksSmb1(): Promise<Answer> {
    return this.#answer(() => this.#tools.speaksSmb1(this.#target, this.#options.common))
  }

  dialects(): Promise<DialectName[]> {
    return this.#accepted(
      dialectNames,
      (dialect) => ({ minDialect: dialect, maxDialect: dialect }),
      () => true,
    )
  }

  ciphers(): Promise<CipherName[]> {
    const offer = (cipher: CipherName) => ({ ciphers: [cipher] })
    return this.#accepted(ciphers, offer, (cipher, described) => described.cipher === cipher)
  }

  signingAlgorithms(): Promise<SigningAlgorithm[]> {
    const offer = (algorithm: SigningAlgorithm) => ({ signingAlgorithms: [algorithm] })
    return this.#accepted(signingAlgorithms, offer, (algorithm, described) => described.signingAlgorithm === algorithm)
  }

  /** Somebody who does not exist; on the way the server tells its names. */
  async guest(): Promise<Pick<Survey, 'takesGuests' | 'names'>> {
    const stranger = {
      user: `probe-${randomBytes(4).toString('hex')}`,
      password: randomBytes(12).toString('base64url'),
    }
    const { mechanisms, names } = namesWith(stranger)
    const takesGuests = await this.#answer(async () => {
      await using client = await this.#connect({ mechanisms, guest: true })
      return client.session.kind === 'guest'
    })
    return { takesGuests, names: names() }
  }

  async anonymous(): Promise<Pick<Survey, 'takesAnonymous' | 'sharesForAnonymous'>> {
    let sharesForAnonymous: ShareListing[] | undefined
    const takesAnonymous = await this.#answer(async () => {
      await using client = await this.#connect({ anonymous: true })
      await this.#answer(async () => {
        sharesForAnonymous = await client.shares()
        return true
      })
      return true
    })
    return { takesAnonymous, sharesForAnonymous }
  }

  /** What only those are told who have logged on. */
  async known(): Promise<Pick<Survey, 'interfaces' | 'roundTripMs'>> {
    const { credentials } = this.#options
    if (credentials === undefined) return { interfaces: undefined, roundTripMs: undefined }
    await using client = await this.#connect(credentials)
    return {
      interfaces: await this.#value(() => client.interfaces()),
      roundTripMs: await this.#value(() => client.echo()),
    }
  }

  get #target(): { host: string; port?: number; path: '' } {
    const { host, port } = this.#options
    return { host, ...(port !== undefined && { port }), path: '' }
  }

  #negotiate(offer: ConnectOptions): Promise<ServerDescription> {
    return this.#tools.negotiate(this.#target, { ...this.#options.common, ...offer })
  }

  #connect(how: ConnectOptions): Promise<Client> {
    // Whatever the command line demands of a connection is not demanded of nobody.
    const open = how.anonymous === true || how.guest === true ? ({ signing: 'off', encryption: 'off' } as const) : {}
    return this.#tools.connect(this.#target, { ...this.#options.common, reconnect: false, ...open, ...how })
  }

  /** Those of several that the server takes when it is offered nothing else. */
  async #accepted<T>(
    all: readonly T[],
    offer: (one: T) => ConnectOptions,
    took: (one: T, described: ServerDescription) => boolean,
  ): Promise<T[]> {
    const accepted: T[] = []
    for (const one of all)
      if ((await this.#answer(async () => took(one, await this.#negotiate(offer(one))))) === true) accepted.push(one)
    return accepted
  }

  /** A refusal is a no. What breaks off or stays silent is no answer. */
  async #answer(question: () => Promise<boolean>): Promise<Answer> {
    try {
      return await question()
    } catch (error) {
      if (isAbort(error)) throw error
      if (error instanceof StatusError) return isRefusal(error.status) ? false : undefined
      // Servers are known to hang up on what they do not speak.
      if (error instanceof TransportError) return error.code === 'ETIMEDOUT' ? undefined : false
      return false
    }
  }

  async #value<T>(question: () => Promise<T>): Promise<T | undefined> {
    try {
      return await question()
    } catch (error) {
      if (isAbort(error)) throw error
      return undefined
    }
  }
}

/** Too much to do just now is no refusal. */
const isRefusal = (status: number): boolean =>
  status !== NtStatus.INSUFFICIENT_RESOURCES && status !== NtStatus.INSUFF_SERVER_RESOURCES
