/** A node of the field tree that `dissect` makes for people and for the analyser. */
export interface FieldNode {
  /** Name of the field, as declared. */
  readonly label: string
  /** Dotted path from the outermost structure, e.g. `SMB2 CREATE Request.name`. */
  readonly path: string
  /** First byte and one past the last, in the view that was taken apart. */
  readonly start: number
  readonly end: number
  /** The decoded value; undefined where it could not be read. */
  readonly value: unknown
  /** The value for people. */
  readonly display: string
  /** Section of the specification of the structure that it belongs to. */
  readonly spec: string
  readonly children: FieldNode[]
  /** What is wrong here. The tree stops at damage and keeps what it read. */
  readonly problem?: string
}

/** The tree as indented lines. */
export function formatTree(nodes: readonly FieldNode[], indent = ''): string {
  let text = ''
  for (const node of nodes) {
    const shown = node.children.length > 0 || node.display === '' ? node.label : `${node.label}: ${node.display}`
    text += `${indent}${shown}${node.problem === undefined ? '' : `  !! ${node.problem}`}\n`
    text += formatTree(node.children, `${indent}  `)
  }
  return text
}

/** A tree whose offsets count from further ahead. */
export const movedTree = (tree: FieldNode, by: number): FieldNode => ({
  ...tree,
  start: tree.start + by,
  end: tree.end + by,
  children: tree.children.map((child) => movedTree(child, by)),
})
