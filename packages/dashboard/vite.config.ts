import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: "src/app",
  // Relative: the manager sets the page's base address, whatever prefix it is served under.
  base: "./",
  plugins: [react()],
  build: {
    outDir: "../../dist/web",
    emptyOutDir: true,
    target: "es2023",
    // The page's security policy has no data: addresses.
    assetsInlineLimit: 0,
    // All of it is small, and smaller in one file.
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
  },
});
