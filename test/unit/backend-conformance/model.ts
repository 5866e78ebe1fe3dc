import type { OpenHow } from '../../../src/server/backend.ts'
import { sameName } from '../../../src/wire/fscc/upcase.ts'

/** What a file is made of, as plainly as can be. */
interface ModelNode {
  readonly isDirectory: boolean
  data: Uint8Array
  streams: { name: string; data: Uint8Array }[]
}
interface ModelLink {
  /** The root has none. */
  parent: ModelNode | undefined
  name: string
  readonly node: ModelNode
}
export interface ModelHandle {
  readonly link: ModelLink
  readonly stream: ModelNode['streams'][number] | undefined
}

const SUCCESS = 'STATUS_SUCCESS'
const without = <T>(list: readonly T[], one: T): T[] => list.filter((other) => other !== one)

/**
 * The rules of docs/backends.md with nothing but lists that are searched from end to end: what a backend must agree with
 * after any sequence of calls.
 */
export class Model {
  readonly root: ModelNode = { isDirectory: true, data: new Uint8Array(0), streams: [] }
  links: ModelLink[] = [{ parent: undefined, name: '', node: this.root }]

  open(path: readonly string[], how: OpenHow): { status: string; handle?: ModelHandle; created?: boolean } {
    const { kind, disposition } = how
    if (how.stream !== undefined && kind === 'directory') return { status: 'STATUS_NOT_A_DIRECTORY' }
    const place = this.#place(path)
    if (typeof place === 'string') return { status: place }
    let { link } = place
    const isNew = link === undefined
    if (link === undefined) {
      if (disposition === 'open') return { status: 'STATUS_OBJECT_NAME_NOT_FOUND' }
      const node = { isDirectory: kind === 'directory', data: new Uint8Array(0), streams: [] }
      link = { parent: place.parent, name: place.name, node }
      this.links.push(link)
    }
    const { node } = link
    if (how.stream !== undefined) {
      const { stream: name } = how
      let stream = node.streams.find((one) => sameName(one.name, name))
      if (stream !== undefined && disposition === 'create') return { status: 'STATUS_OBJECT_NAME_COLLISION' }
      if (stream !== undefined) return { status: SUCCESS, handle: { link, stream }, created: false }
      if (disposition === 'open') return { status: 'STATUS_OBJECT_NAME_NOT_FOUND' }
      stream = { name, data: new Uint8Array(0) }
      node.streams.push(stream)
      return { status: SUCCESS, handle: { link, stream }, created: true }
    }
    if (!isNew && disposition === 'create') return { status: 'STATUS_OBJECT_NAME_COLLISION' }
    if (kind === 'file' && node.isDirectory) return { status: 'STATUS_FILE_IS_A_DIRECTORY' }
    if (kind === 'directory' && !node.isDirectory) return { status: 'STATUS_NOT_A_DIRECTORY' }
    return { status: SUCCESS, handle: { link, stream: undefined }, created: isNew }
  }

  /** True when the name or stream by which it was opened was removed. */
  isGone({ link, stream }: ModelHandle): boolean {
    return stream === undefined ? !this.links.includes(link) : !link.node.streams.includes(stream)
  }

  content(handle: ModelHandle): Uint8Array {
    return handle.stream?.data ?? handle.link.node.data
  }

  /** Replaces the content: `change` makes the new from the old. */
  change(handle: ModelHandle, change: (data: Uint8Array) => Uint8Array): string {
    if (handle.stream !== undefined) handle.stream.data = change(handle.stream.data)
    else if (handle.link.node.isDirectory) return 'STATUS_INVALID_DEVICE_REQUEST'
    else handle.link.node.data = change(handle.link.node.data)
    return SUCCESS
  }

  rename({ link, stream }: ModelHandle, to: readonly string[], replace: boolean): string {
    if (stream !== undefined) return 'STATUS_INVALID_PARAMETER'
    if (link.parent === undefined || !this.links.includes(link) || to.length === 0) return 'STATUS_ACCESS_DENIED'
    const place = this.#place(to)
    if (typeof place === 'string') return place
    for (let at: ModelNode | undefined = place.parent; at !== undefined; at = this.#parentOf(at)) {
      if (at === link.node) return 'STATUS_ACCESS_DENIED'
    }
    if (place.link !== undefined && place.link !== link) {
      if (!replace) return 'STATUS_OBJECT_NAME_COLLISION'
      if (place.link.node.isDirectory || link.node.isDirectory) return 'STATUS_ACCESS_DENIED'
      this.links = without(this.links, place.link)
    }
    link.parent = place.parent
    link.name = place.name
    return SUCCESS
  }

  link({ link, stream }: ModelHandle, to: readonly string[], replace: boolean): string {
    if (stream !== undefined) return 'STATUS_INVALID_PARAMETER'
    if (link.node.isDirectory) return 'STATUS_FILE_IS_A_DIRECTORY'
    if (!this.links.includes(link) || to.length === 0) return 'STATUS_ACCESS_DENIED'
    const place = this.#place(to)
    if (typeof place === 'string') return place
    if (place.link !== undefined) {
      if (!replace) return 'STATUS_OBJECT_NAME_COLLISION'
      if (place.link.node.isDirectory) return 'STATUS_ACCESS_DENIED'
      if (place.link.node === link.node) return SUCCESS
      this.links = without(this.links, place.link)
    }
    this.links.push({ parent: place.parent, name: place.name, node: link.node })
    return SUCCESS
  }

  renameStream({ link, stream }: ModelHandle, to: string, replace: boolean): string {
    if (stream === undefined) return 'STATUS_INVALID_PARAMETER'
    const { node } = link
    if (!node.streams.includes(stream)) return 'STATUS_ACCESS_DENIED'
    const target = node.streams.find((one) => one !== stream && sameName(one.name, to))
    if (target !== undefined && !replace) return 'STATUS_OBJECT_NAME_COLLISION'
    node.streams = node.streams.filter((one) => one !== target)
    stream.name = to
    return SUCCESS
  }

  remove({ link, stream }: ModelHandle): string {
    const { node } = link
    if (stream !== undefined) {
      if (!node.streams.includes(stream)) return 'STATUS_FILE_DELETED'
      node.streams = without(node.streams, stream)
      return SUCCESS
    }
    if (link.parent === undefined) return 'STATUS_CANNOT_DELETE'
    if (!this.links.includes(link)) return 'STATUS_FILE_DELETED'
    if (this.children(node).length > 0) return 'STATUS_DIRECTORY_NOT_EMPTY'
    this.links = without(this.links, link)
    return SUCCESS
  }

  children(node: ModelNode): ModelLink[] {
    return this.links.filter((link) => link.parent === node)
  }

  linkCount(node: ModelNode): number {
    return this.links.filter((link) => link.node === node).length
  }

  /** Everything that can be found, one line a name. */
  show(node: ModelNode = this.root, path = ''): string[] {
    const streams = node.streams.map(({ name, data }) => `${path}:${name} ${data.length}`)
    const size = node.isDirectory ? 'directory' : `${node.data.length}`
    const own = `${path} ${size} links ${this.linkCount(node)}`
    return [own, ...streams, ...this.children(node).flatMap((link) => this.show(link.node, `${path}/${link.name}`))]
  }

  #parentOf(node: ModelNode): ModelNode | undefined {
    return this.links.find((link) => link.node === node)?.parent
  }

  #place(
    path: readonly string[],
  ): { parent: ModelNode | undefined; name: string; link: ModelLink | undefined } | string {
    let link: ModelLink | undefined = this.links.find((one) => one.parent === undefined)
    let parent: ModelNode | undefined
    for (const name of path) {
      if (link === undefined || !link.node.isDirectory) return 'STATUS_OBJECT_PATH_NOT_FOUND'
      parent = link.node
      link = this.children(parent).find((one) => sameName(one.name, name))
    }
    return { parent, name: path.at(-1) ?? '', link }
  }
}
