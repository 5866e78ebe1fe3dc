import { z } from 'zod'
import { dfsPriorityClasses } from '../server/dfs/target.ts'
import { block, flag, integer, oneOf, text } from './kinds.ts'

const maxSeconds = 0xffff_ffff
const maxRank = 31
const maxCost = 2 ** 31

const target = z.union(
  [
    text('a path: \\\\server\\share').transform((path) => ({ path })),
    block('a target: path and more', {
      path: text('a path: \\\\server\\share'),
      site: text('the name of a site').exactOptional(),
      priority: oneOf(dfsPriorityClasses).exactOptional(),
      rank: integer(0, maxRank).exactOptional(),
      enabled: flag.exactOptional(),
    }),
  ],
  { error: 'must be a path, \\\\server\\share, or path with site, priority, rank and enabled' },
)

const targets = z.union([text('a path').transform((path) => [{ path }]), z.array(target).min(1)], {
  error: 'must be a target, or a list of targets',
})

const rules = {
  timeToLive: integer(0, maxSeconds).exactOptional(),
  insite: flag.exactOptional(),
  failback: flag.exactOptional(),
}

/** What only its targets are said of is a list of them. */
const withTargets = <T extends z.core.$ZodShape>(what: string, more: T) =>
  z.union([targets.transform((list) => ({ targets: list })), block(what, { targets, ...rules, ...more })], {
    error: `must be ${what}, or only its targets`,
  })

export const link = withTargets('a link: targets and more', {
  comment: z.string({ error: 'must be text' }).exactOptional(),
  interlink: flag.exactOptional(),
})

/** A share that is the root of a namespace. */
export const dfsRoot = block('a namespace: links and more', {
  ...rules,
  comment: z.string({ error: 'must be text' }).exactOptional(),
  links: z
    .record(z.string(), link, { error: 'must be links by their paths' })
    .transform((links) => Object.entries(links).map(([path, options]) => ({ path, ...options })))
    .exactOptional(),
})

const controller = z.union([
  text('the name of a server').transform((name) => ({ name })),
  block('a domain controller: name and site', {
    name: text('the name of a server'),
    site: text('the name of a site').exactOptional(),
  }),
])

const domain = block('a domain: controllers and namespaces', {
  netbiosName: text('a name of up to 15 characters').exactOptional(),
  controllers: z.array(controller, { error: 'must be a list of servers' }).min(1, { error: 'must not be empty' }),
  namespaces: z
    .record(z.string(), withTargets('a namespace: targets and more', {}), { error: 'must be namespaces by name' })
    .transform((all) => Object.entries(all).map(([name, options]) => ({ name, ...options })))
    .exactOptional(),
})

/** Domains that the server answers for, and where clients and targets stand. */
export const dfs = block('domains, sites and siteCosts', {
  domains: z
    .record(z.string(), domain, { error: 'must be domains by name' })
    .transform((all) => Object.entries(all).map(([name, options]) => ({ name, ...options })))
    .exactOptional(),
  sites: z
    .record(z.string(), z.array(text('a network: 10.1.0.0/16'), { error: 'must be a list of networks' }), {
      error: 'must be networks by the name of the site',
    })
    .exactOptional(),
  siteCosts: z
    .array(
      block('two sites and what lies between them: from, to and cost', {
        from: text('the name of a site'),
        to: text('the name of a site'),
        cost: integer(0, maxCost),
      }),
      { error: 'must be a list of costs' },
    )
    .exactOptional(),
})
export type DfsSettings = z.output<typeof dfs>
