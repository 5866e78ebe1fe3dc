import type { Settings } from '../settings.ts'

const isAddress = (host: string): boolean => host.includes(':') || /^\d+(?:\.\d+){3}$/.test(host)

const labelsOf = (host: string): string[] => host.toLowerCase().replace(/\.$/, '').split('.')

/** `co.uk`, `com.au`: what everybody's domains are in. */
const isSuffix = ([first = '', country = '', ...more]: readonly string[]): boolean =>
  more.length === 0 && first.length <= 3 && country.length === 2

/** The DNS domain that a host is in; undefined for an address, and where that domain is nobody's own. */
function domainOf(host: string): string | undefined {
  if (isAddress(host)) return undefined
  const labels = labelsOf(host).slice(1)
  return labels.length < 2 || isSuffix(labels) ? undefined : labels.join('.')
}

/** Whether a host is a domain itself, or in it. */
const isWithin = (host: string, domain: string): boolean => `.${labelsOf(host).join('.')}`.endsWith(`.${domain}`)

/**
 * Whether the credentials may be shown to a server that only a referral has named. A server could otherwise send its
 * clients to log on anywhere.
 */
export function isTrustedHost(host: string, { host: home, domain, dfsHosts }: Settings): boolean {
  if (typeof dfsHosts === 'function') return dfsHosts(host)
  if (dfsHosts === 'any' || host.toLowerCase() === home.toLowerCase()) return true
  if (isAddress(host)) return false
  // A name of one part means a host of the own network: it is the client's own machine that completes it.
  if (!host.includes('.')) return true
  const domains = [domainOf(home), home, domain].filter((name) => name?.includes('.') === true && !isAddress(name))
  return domains.some((name) => isWithin(host, labelsOf(name as string).join('.')))
}
