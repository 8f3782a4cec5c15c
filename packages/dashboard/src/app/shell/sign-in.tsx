import { type FormEvent, useState } from "react";
import { rememberToken } from "../api/connection.js";
import { queryClient } from "../api/query-client.js";
import { Button } from "../parts/button.js";
import styles from "./shell.module.css";

/** Asks for the manager's token. */
export function SignIn() {
  const [isWrong, setWrong] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    rememberToken(String(new FormData(event.currentTarget).get("token")).trim());
    await queryClient.resetQueries();
    setWrong(true);
  };
  return (
    <main className={styles.signIn}>
      <form onSubmit={submit}>
        <h1>Sign in to Tidegate</h1>
        <p>This manager asks for its bearer token. It is kept until this tab is closed.</p>
        <label htmlFor="token">Token</label>
        <input
          id="token"
          name="token"
          type="password"
          required
          autoComplete="current-password"
          aria-describedby="token-error"
        />
        <p id="token-error" role="alert" className={styles.wrong}>
          {isWrong ? "The manager does not accept this token." : ""}
        </p>
        <Button type="submit" look="primary">
          Sign in
        </Button>
      </form>
    </main>
  );
}
