import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Date;
import java.util.TimeZone;
import java.util.concurrent.*;
import org.quartz.CronExpression;

/**
 * Prints what a version of Quartz answers, for quartz-versions.json: for each line of a file, "expression TAB zone TAB
 * instant", the next eight instants.
 *
 * javac -cp quartz-2.5.2.jar QuartzAnswers.java
 * java -cp quartz-2.5.2.jar:slf4j-api-1.7.36.jar:. QuartzAnswers lines.txt
 */
public class QuartzAnswers {
  static String answer(String[] p) throws Exception {
    StringBuilder s = new StringBuilder();
    CronExpression e = new CronExpression(p[0]);
    e.setTimeZone(TimeZone.getTimeZone(p[1]));
    Date d = Date.from(Instant.parse(p[2]));
    for (int i = 0; i < 8; i++) {
      d = e.getNextValidTimeAfter(d);
      if (d == null) break;
      s.append(i == 0 ? "" : ",").append(d.toInstant());
    }
    return s.toString();
  }
  public static void main(String[] a) throws Exception {
    ExecutorService pool = Executors.newCachedThreadPool(r -> { Thread t = new Thread(r); t.setDaemon(true); return t; });
    for (String line : Files.readAllLines(Path.of(a[0]))) {
      if (line.isBlank()) continue;
      String[] p = line.split("\t");
      String out;
      try { out = pool.submit(() -> answer(p)).get(3, TimeUnit.SECONDS); }
      catch (TimeoutException t) { out = "!never answers"; }
      catch (ExecutionException t) { out = "!" + t.getCause().getMessage(); }
      System.out.println(line + "\t" + out);
    }
    System.exit(0);
  }
}
