import type { Failure } from '../../wire/erref/failure.ts'
import type { Maybe } from '../backend.ts'
import type { Target } from './target.ts'

/** What a client asks: where is this, and for whom. */
export interface DfsQuestion {
  /** The parts of the path: none asks for domains, one for a domain's controllers. */
  readonly names: readonly string[]
  /** The address that the client comes from. */
  readonly client: string
  /** The site that it stands in, as it says itself or as is known of its address. */
  readonly site: string | undefined
}

/** What a name of a namespace means (MS-DFSC 3.2.5.5, 3.3.5). */
export type DfsAnswer =
  | { readonly kind: 'domains'; readonly domains: readonly string[] }
  | { readonly kind: 'controllers'; readonly domain: string; readonly controllers: readonly string[] }
  | {
      readonly kind: 'root' | 'link' | 'interlink' | 'sysvol'
      /** How many of the names this is for. */
      readonly consumed: number
      /** Seconds. */
      readonly timeToLive: number
      readonly failback: boolean
      /** Sets of targets as good as each other, the best first. */
      readonly sets: readonly (readonly Target[])[]
    }

/**
 * Decides what names mean, before what is configured is looked at. Undefined: it does not know, and what is configured
 * decides.
 */
export type DfsResolver = (question: DfsQuestion) => Maybe<DfsAnswer | Failure | undefined>
