import { readFileSync } from 'node:fs'
import { ConfigError, systemReason } from '../config/config-error.ts'
import { machineName, type Settings } from '../config/settings.ts'
import type { DomainController } from '../domain/index.ts'

/** The password of the machine's account, as its file has it. @throws ConfigError */
function machinePassword(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw new ConfigError(`cannot read the machine's password: ${systemReason(error)}`, { file }, { cause: error })
  }
}

interface Member {
  readonly domain?: Settings['domain'] | undefined
  readonly server: Pick<Settings['server'], 'name'>
}

/** The domain that a server is a member of; loaded where it is wanted, since few are. @throws ConfigError */
export async function domainOf({ domain, server }: Member): Promise<DomainController | undefined> {
  if (domain === undefined) return undefined
  const computer = machineName(server)
  const { name, dnsName, controllers, passwordFile } = domain
  let known = machinePassword(passwordFile)
  const { domainController } = await import('../domain/index.ts')
  return domainController({
    domain: name,
    ...(dnsName === undefined ? {} : { dnsDomain: dnsName }),
    controllers,
    computer,
    // Another program may have changed it meanwhile; what cannot be read just now was there before.
    password: () => {
      try {
        known = machinePassword(passwordFile)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
      }
      return known
    },
  })
}
