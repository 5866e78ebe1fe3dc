export { dissectSpnego } from './dissect.ts'
export * from './tokens.ts'
