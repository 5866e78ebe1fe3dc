export * from './negotiate.ts'
