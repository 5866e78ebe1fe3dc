/** Whether names of services that clients say they mean are looked at: SPN target name validation of Windows. */
export type TargetNameValidation = 'off' | 'ifGiven' | 'required'

/** Classes of service names under which file servers are known. */
const CLASSES: ReadonlySet<string> = new Set(['cifs', 'host'])

/** A service's name, `class/host`, with a realm behind it or without; or `class@host` as GSSAPI writes it. */
const SERVICE_NAME = /^([^/@]+)[/@]([^/@]+)(?:[/@].*)?$/

/**
 * Why a service name that a client has given cannot be meant for a server of these host names and addresses; undefined
 * where it can. With `required` a client has to give one.
 */
export function targetNameProblem(
  given: string | undefined,
  validation: TargetNameValidation,
  ours: Iterable<string>,
): string | undefined {
  if (validation === 'off') return undefined
  if (given === undefined || given === '')
    return validation === 'required' ? 'the client does not say which server it means' : undefined
  const found = SERVICE_NAME.exec(given)
  const [, serviceClass = '', host = ''] = found ?? []
  // What looks like a port may be the end of an IPv6 address.
  const names = [plainHost(host), plainHost(host.replace(/:\d+$/, ''))]
  if (CLASSES.has(serviceClass.toLowerCase()))
    for (const own of ours) if (names.includes(plainHost(own))) return undefined
  return `the client means ${JSON.stringify(given)}, which is not this server`
}

/** Without regard to case, to the dot that ends a full name, and to the brackets around an IPv6 address. */
const plainHost = (host: string): string => host.toLowerCase().replace(/^\[|\]$|\.$/g, '')
