export * from './av-pairs.ts'
export * from './flags.ts'
export * from './messages.ts'
