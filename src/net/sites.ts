import { BlockList, isIP } from 'node:net'

/**
 * Finds the site of an address by its networks (`10.1.0.0/16`, `fd00::/8`, or one address), the first that has it.
 * @throws RangeError: what is no network
 */
export function siteFinder(
  sites: Readonly<Record<string, readonly string[]>>,
): (address: string) => string | undefined {
  const lists = Object.entries(sites).map(([site, networks]) => ({ site, list: listOf(networks) }))
  return (address) => {
    const family = familyOf(address)
    return family === undefined ? undefined : lists.find(({ list }) => list.check(address, family))?.site
  }
}

const familyOf = (address: string): 'ipv4' | 'ipv6' | undefined => {
  const version = isIP(address)
  return version === 0 ? undefined : version === 4 ? 'ipv4' : 'ipv6'
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix, ...rest] = network.split('/')
    const family = familyOf(address)
    const most = family === 'ipv4' ? 32 : 128
    const bits = prefix === undefined ? most : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
    if (family === undefined || rest.length > 0 || !(bits <= most))
      throw new RangeError(`${JSON.stringify(network)} is no network: 10.1.0.0/16 would be one`)
    list.addSubnet(address, bits, family)
  }
  return list
}
