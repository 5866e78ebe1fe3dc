import { WireError } from '../bytes/errors.ts'
import { viewOf } from '../bytes/utf16.ts'
import { AvId, avText, avValue, decodeChallenge, isNtlmssp } from '../wire/ntlmssp/index.ts'
import type { InitiatorMechanism } from './mechanism.ts'
import { NtlmInitiatorMechanism } from './ntlm-initiator.ts'

/** What a server tells of itself before it knows who asks. MS-NLMP 2.2.2.1, 2.2.2.10. */
export interface ServerNames {
  readonly netbiosName: string | undefined
  readonly netbiosDomain: string | undefined
  readonly dnsName: string | undefined
  readonly dnsDomain: string | undefined
  readonly dnsForest: string | undefined
  /** `10.0.20348`; not every server tells the truth. */
  readonly version: string | undefined
  /** Its clock, FILETIME. */
  readonly time: bigint | undefined
}

/** NTLM that listens to what the server says of itself while it logs on. */
export function namesWith(credentials: { readonly user: string; readonly password: string }): {
  readonly mechanisms: () => readonly InitiatorMechanism[]
  /** What has been heard. */
  readonly names: () => ServerNames | undefined
} {
  let heard: ServerNames | undefined
  const mechanism = new NtlmInitiatorMechanism(credentials)
  const listening: InitiatorMechanism = {
    name: mechanism.name,
    oid: mechanism.oid,
    initiator() {
      const initiator = mechanism.initiator()
      return {
        step(token) {
          if (token !== undefined) heard ??= namesIn(token)
          return initiator.step(token)
        },
      }
    },
  }
  return { mechanisms: () => [listening], names: () => heard }
}

function namesIn(token: Uint8Array): ServerNames | undefined {
  try {
    if (!isNtlmssp(token)) return undefined
    const { targetInfo, version } = decodeChallenge(token)
    const text = (id: number): string | undefined => avText(targetInfo, id)
    const time = avValue(targetInfo, AvId.TIMESTAMP)
    return {
      netbiosName: text(AvId.NB_COMPUTER_NAME),
      netbiosDomain: text(AvId.NB_DOMAIN_NAME),
      dnsName: text(AvId.DNS_COMPUTER_NAME),
      dnsDomain: text(AvId.DNS_DOMAIN_NAME),
      dnsForest: text(AvId.DNS_TREE_NAME),
      version:
        version === undefined || version.major === 0 ? undefined : `${version.major}.${version.minor}.${version.build}`,
      time: time?.length === 8 ? viewOf(time).getBigUint64(0, true) : undefined,
    }
  } catch (error) {
    // A challenge that cannot be read has no names in it: that the logon fails for it is told elsewhere.
    if (error instanceof WireError) return undefined
    throw error
  }
}
