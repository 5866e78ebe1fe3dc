/** Tells a stream what has become of something. */
export async function tell(work: Promise<unknown>, callback: (error?: Error | null) => void): Promise<void> {
  let problem: Error | undefined
  try {
    await work
  } catch (error) {
    problem = error instanceof Error ? error : new Error(String(error))
  }
  callback(problem)
}
