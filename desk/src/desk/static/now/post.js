// Requests that change something, or that ask for a token.

/** Posts, and returns the answer's JSON; throws an Error whose message is the desk's sentence. */
export async function post(path) {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  let answer;
  try {
    answer = await fetch(path, { method: "POST", headers: { "X-CSRF-Token": token, Accept: "application/json" } });
  } catch {
    throw new Error("The desk does not answer.");
  }
  if (answer.status === 401) throw new Error("Your session has ended. Load this page again to sign in.");
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error ?? `The desk answered with status ${answer.status}.`);
  return body;
}
