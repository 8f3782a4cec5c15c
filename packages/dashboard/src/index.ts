export { type DashboardFiles, dashboard } from "./dashboard.js";
