import { readFileSync } from 'node:fs'
import { ConfigError, systemReason } from '../config/config-error.ts'
import type { Settings } from '../config/settings.ts'
import type { DomainController } from '../domain/index.ts'

/** The domain that a server is a member of; loaded where it is wanted, since few are. @throws ConfigError */
export async function domainOf({ domain, server }: Settings): Promise<DomainController | undefined> {
  if (domain === undefined) return undefined
  const { name, dnsName, controllers, passwordFile } = domain
  let password: string
  try {
    password = readFileSync(passwordFile, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw new ConfigError(
      `cannot read the machine's password: ${systemReason(error)}`,
      { file: passwordFile },
      { cause: error },
    )
  }
  const { domainController } = await import('../domain/index.ts')
  const known = dnsName === undefined ? {} : { dnsDomain: dnsName }
  return domainController({
    domain: name,
    ...known,
    controllers,
    computer: (server.name ?? '').toUpperCase(),
    password,
  })
}
