export type OurBackend = 'disk' | 'memory'
export async function startOurServer(_o: { backend: OurBackend }): Promise<{
  host: string
  port: number
  user: string
  password: string
  folder(s: string): string | undefined
  stop(): Promise<void>
}> {
  throw new Error('x')
}
