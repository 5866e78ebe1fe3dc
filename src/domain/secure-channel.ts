import type { NtlmAttempt } from '../auth/authenticator.ts'
import type { RefusedLogon } from '../auth/mechanism.ts'
import { dateFromFiletime } from '../bytes/filetime.ts'
import type { World } from '../client/connect.ts'
import { SecurityError, StatusError, TransportError, UsageError } from '../client/errors.ts'
import { ServerLink } from '../client/link.ts'
import { withPipe } from '../client/pipe.ts'
import { settingsOf } from '../client/settings.ts'
import { Tree } from '../client/tree.ts'
import {
  netlogonCredential,
  netlogonSessionKey,
  newChallenge,
  sameCredential,
  sealedTrustPassword,
  steppedCredential,
} from '../crypto/netlogon.ts'
import { ntHash } from '../crypto/ntlm.ts'
import { systemClock } from '../protocol/clock.ts'
import type { Bound, RpcClient } from '../rpc/client.ts'
import {
  LogonLevel,
  NegotiateFlags,
  Netlogon,
  ValidationLevel,
  WORKSTATION_SECURE_CHANNEL,
} from '../rpc/netlogon/netlogon.ts'
import { AuthenticationLevel, AuthenticationType } from '../wire/dcerpc/index.ts'
import { isError, type NtStatus, ntStatusName } from '../wire/erref/ntstatus.ts'
import { accountProblems } from './account-problems.ts'
import { NetlogonInitiator } from './netlogon-initiator.ts'

/** A server's place in a domain. */
export interface Membership {
  /** NetBIOS name of the domain. */
  readonly domain: string
  /** Its DNS name, which clients are told. */
  readonly dnsDomain?: string
  /** Domain controllers, by name or address; the first that answers is asked. */
  readonly controllers: readonly string[]
  /** The machine's NetBIOS name; its account has a $ behind it. */
  readonly computer: string
  /** Of the machine's account; a function is asked each time that a channel is made, so that a new one needs no restart. */
  readonly password: string | (() => string)
}

/** MSV1_0_ALLOW_SERVER_TRUST_ACCOUNT and MSV1_0_ALLOW_WORKSTATION_TRUST_ACCOUNT (MS-NRPC 2.2.1.4.15). */
const PARAMETER_CONTROL = 0x20 | 0x800
const WANTED_FLAGS = (NegotiateFlags.AES | NegotiateFlags.SECURE_RPC | NegotiateFlags.USUAL) >>> 0

type Calls = Bound<typeof Netlogon.operations>
type SamLogonAnswer = Awaited<ReturnType<Calls['NetrLogonSamLogonEx']>>
/** What the domain controller knows about somebody who has shown who he is. */
export type SamInfo = NonNullable<SamLogonAnswer['validationInformation']['value']>

interface Channel {
  readonly tree: Tree
  readonly sessionKey: Uint8Array
  /** What the next authenticator goes on from. */
  readonly credential: Uint8Array
}

/** The secure channel to a domain controller (MS-NRPC 3.1.1), made when it is first needed, and again when it is lost. */
export class SecureChannel {
  readonly #membership: Membership
  readonly #world: World
  #channel: Promise<Channel> | undefined

  constructor(membership: Membership, world: World) {
    this.#membership = membership
    this.#world = world
  }

  /**
   * NetrLogonSamLogonEx for a response to this server's challenge (MS-NRPC 3.5.4.5.1): what is known of the user, or the
   * status of the refusal. @throws TransportError, StatusError, RpcError, SecurityError: no controller can be asked
   */
  logon(attempt: NtlmAttempt): Promise<SamInfo | NtStatus> {
    return this.#withChannel((channel) => this.#ask(channel, attempt))
  }

  /**
   * What the domain controller has against accounts of its domain now, by SID; of others it says nothing.
   * @throws as `logon`
   */
  async accountProblems(sids: readonly string[]): Promise<ReadonlyMap<string, RefusedLogon>> {
    const { clock = systemClock } = this.#world
    const answer = await this.#withChannel(async ({ tree }) => {
      try {
        return await accountProblems(tree, sids, clock.now())
      } catch (error) {
        // A controller that refuses this question has the channel all the same, on which others log on.
        if (error instanceof StatusError) return error
        throw error
      }
    })
    if (answer instanceof StatusError) throw answer
    return answer
  }

  /**
   * NetrServerPasswordSet2 (MS-NRPC 3.5.4.4.6): the machine's account has this password from now on.
   * @throws TransportError, StatusError, RpcError, SecurityError, UsageError: it has the one that it had
   */
  async changePassword(password: string): Promise<void> {
    // One that nobody has used counts from its beginning.
    await this.close()
    const opening = this.#open()
    const channel = await opening
    try {
      const work = (rpc: RpcClient): Promise<void> => this.#setPassword(rpc, channel, password)
      // An authenticator is good for one call.
      await this.#sealed(channel, 'new password of the machine', work, false)
    } finally {
      this.#drop(opening, channel)
    }
  }

  async #setPassword(rpc: RpcClient, { sessionKey, credential }: Channel, password: string): Promise<void> {
    const { computer } = this.#membership
    const { clock = systemClock } = this.#world
    const netlogon = await rpc.bind(Netlogon)
    const timestamp = Math.floor(dateFromFiletime(clock.now()).getTime() / 1000) >>> 0
    const next = steppedCredential(credential, timestamp)
    const { result, returnAuthenticator } = await netlogon.NetrServerPasswordSet2({
      primaryName: null,
      accountName: `${computer}$`,
      secureChannelType: WORKSTATION_SECURE_CHANNEL,
      computerName: computer,
      authenticator: { credential: netlogonCredential(sessionKey, next), timestamp },
      clearNewPassword: sealedTrustPassword(sessionKey, password),
    })
    ensure(result, 'NetrServerPasswordSet2')
    if (!sameCredential(returnAuthenticator.credential, netlogonCredential(sessionKey, steppedCredential(next, 1))))
      throw new SecurityError('What answers as domain controller has not taken the password: its proof is wrong.')
  }

  async #withChannel<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    const known = this.#channel
    const opening = this.#open()
    const channel = await opening
    try {
      return await work(channel)
    } catch (error) {
      this.#drop(opening, channel)
      // One that was made just now is as good as another.
      if (known === undefined) throw error
    }
    return work(await this.#open())
  }

  async close(): Promise<void> {
    const channel = await this.#channel?.catch(() => undefined)
    this.#channel = undefined
    await channel?.tree.link.close()
  }

  #open(): Promise<Channel> {
    if (this.#channel === undefined) {
      const opening = this.#establish()
      this.#channel = opening
      opening.catch(() => {
        if (this.#channel === opening) this.#channel = undefined
      })
    }
    return this.#channel
  }

  /** Another may have made a new one meanwhile. */
  #drop(opening: Promise<Channel>, channel: Channel): void {
    if (this.#channel === opening) this.#channel = undefined
    void channel.tree.link.close()
  }

  async #establish(): Promise<Channel> {
    const { controllers } = this.#membership
    let problem: unknown = new UsageError('EINVAL', 'No domain controller is named.')
    for (const controller of controllers) {
      try {
        return await this.#establishWith(controller)
      } catch (error) {
        problem = error
        if (!(error instanceof TransportError)) throw error
      }
    }
    throw problem
  }

  async #establishWith(host: string): Promise<Channel> {
    const { computer, domain, password: given } = this.#membership
    const password = typeof given === 'string' ? given : given()
    const { dial, clock = systemClock } = this.#world
    const options = { user: `${computer}$`, domain, password, leases: false, dfs: false }
    const link = new ServerLink(settingsOf({ host, path: '' }, options), { clock, dial })
    try {
      await link.connect()
      const tree = new Tree(link, 'IPC$')
      const shown = await withPipe(tree, Netlogon.pipe, 'secure channel', undefined, (rpc) =>
        this.#authenticate(rpc, password),
      )
      return { tree, ...shown }
    } catch (error) {
      await link.close()
      throw error
    }
  }

  /** MS-NRPC 3.1.4.1: both ends show that they know the machine's password. */
  async #authenticate(rpc: RpcClient, password: string): Promise<Omit<Channel, 'tree'>> {
    const { computer } = this.#membership
    const netlogon = await rpc.bind(Netlogon)
    const clientChallenge = newChallenge()
    const names = { primaryName: null, computerName: computer }
    const begun = await netlogon.NetrServerReqChallenge({ ...names, clientChallenge })
    ensure(begun.result, 'NetrServerReqChallenge')
    const { serverChallenge } = begun
    const sessionKey = netlogonSessionKey(ntHash(password), clientChallenge, serverChallenge)
    const credential = netlogonCredential(sessionKey, clientChallenge)
    const shown = await netlogon.NetrServerAuthenticate3({
      ...names,
      accountName: `${computer}$`,
      secureChannelType: WORKSTATION_SECURE_CHANNEL,
      clientCredential: credential,
      negotiateFlags: WANTED_FLAGS,
    })
    ensure(shown.result, 'NetrServerAuthenticate3')
    if ((shown.negotiateFlags & NegotiateFlags.AES) === 0)
      throw new UsageError('ENOTSUP', 'The domain controller has no AES for secure channels.')
    if (!sameCredential(shown.serverCredential, netlogonCredential(sessionKey, serverChallenge)))
      throw new UsageError('EACCES', 'What answers as domain controller does not know this machine’s password.')
    return { sessionKey, credential }
  }

  #ask(channel: Channel, attempt: NtlmAttempt): Promise<SamInfo | NtStatus> {
    return this.#sealed(channel, 'logon', (rpc) => this.#samLogon(rpc, attempt))
  }

  #sealed<T>(
    { tree, sessionKey }: Channel,
    operation: string,
    work: (rpc: RpcClient) => Promise<T>,
    repeatable = true,
  ): Promise<T> {
    const { domain, computer } = this.#membership
    const authentication = {
      type: AuthenticationType.NETLOGON,
      level: AuthenticationLevel.PRIVACY,
      initiator: new NetlogonInitiator(sessionKey, domain, computer),
    }
    return withPipe(tree, Netlogon.pipe, operation, undefined, work, { authentication, repeatable })
  }

  async #samLogon(rpc: RpcClient, attempt: NtlmAttempt): Promise<SamInfo | NtStatus> {
    const netlogon = await rpc.bind(Netlogon)
    const bytes = (response: Uint8Array) => ({ maximumLength: response.length, bytes: [...response] })
    const { result, validationInformation } = await netlogon.NetrLogonSamLogonEx({
      logonServer: null,
      computerName: this.#membership.computer,
      logonInformation: {
        tag: LogonLevel.NETWORK,
        value: {
          logonDomainName: attempt.domain,
          parameterControl: PARAMETER_CONTROL,
          reservedLow: 0,
          reservedHigh: 0,
          userName: attempt.user,
          workstation: attempt.workstation,
          lmChallenge: attempt.serverChallenge,
          ntChallengeResponse: bytes(attempt.ntResponse),
          lmChallengeResponse: bytes(attempt.lmResponse),
        },
      },
      validationLevel: ValidationLevel.SAM_INFO_4,
      extraFlags: 0,
    })
    return isError(result) || validationInformation.value === null ? result : validationInformation.value
  }
}

function ensure(result: number, call: string): void {
  if (isError(result))
    throw new UsageError(
      'EACCES',
      `The domain controller has refused the secure channel: ${call}: ${ntStatusName(result)}.`,
    )
}
