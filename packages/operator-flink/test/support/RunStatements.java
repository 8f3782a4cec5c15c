import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;

/** Runs the statements of Flink SQL that are its arguments, in batch mode. The last one is the job. */
public final class RunStatements {
    private RunStatements() {}

    public static void main(String[] statements) {
        TableEnvironment tables = TableEnvironment.create(EnvironmentSettings.inBatchMode());
        for (String statement : statements) {
            tables.executeSql(statement);
        }
    }
}
