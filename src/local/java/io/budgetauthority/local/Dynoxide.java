package io.budgetauthority.local;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/// A running Dynoxide on one file of a data folder, on 127.0.0.1.
///
/// The server ends when this process ends, however it ends. A shell holds the other end of a pipe
/// from this process, and ends the server when the pipe closes. The same shell then removes a
/// temporary folder, so that nothing is left behind after a SIGKILL either.
final class Dynoxide implements AutoCloseable {

  /// The shell's script. `$1` is a file that has the server's pid while the server runs. `$2` is
  /// the folder to remove at the end, or empty. The server's command follows. The shell ignores the
  /// terminal's signals, because this process handles them.
  private static final String UNTIL_THE_PIPE_CLOSES =
      """
      trap '' INT HUP QUIT
      trap : TERM
      running=$1 leftover=$2
      shift 2
      "$@" < /dev/null &
      p=$!
      echo "$p" > "$running"
      cat > /dev/null
      kill "$p"
      wait "$p"
      rm -f "$running"
      if [ -n "$leftover" ]; then rm -rf "$leftover"; fi
      """;

  /// Each write to a table with a stream reads the highest sequence number, and each read of the
  /// stream reads the bounds of a shard. Without these indexes Dynoxide reads all stream records of
  /// the table for that, with their images. With them it looks the numbers up and reads no images.
  private static final List<String> STREAM_INDEXES =
      List.of(
          """
          CREATE INDEX IF NOT EXISTS budget_stream_order
          ON _stream_records(table_name, CAST(sequence_number AS INTEGER))
          """,
          """
          CREATE INDEX IF NOT EXISTS budget_stream_bounds
          ON _stream_records(table_name, shard_id, CAST(sequence_number AS INTEGER))
          """);

  private static final Duration READY_WITHIN = Duration.ofSeconds(10);
  private static final Duration PULLED_AND_READY_WITHIN = Duration.ofMinutes(3);
  private static final Duration PREDECESSOR_GONE_WITHIN = Duration.ofSeconds(5);

  private final Process shell;
  private final URI endpoint;

  private Dynoxide(Process shell, URI endpoint) {
    this.shell = shell;
    this.endpoint = endpoint;
  }

  /// Starts a server and waits until it answers.
  ///
  /// @param port the port, or 0 for a free one
  static Dynoxide start(DynoxideProgram program, DataFolder folder, int port)
      throws IOException, InterruptedException {
    Path running = folder.path().resolve("dynoxide.pid");
    Path log = folder.path().resolve("dynoxide.log");
    awaitPredecessorsEnd(running);
    int free = port == 0 ? freePort() : requireFree(port);
    // The server of an image may run on another kernel, and two kernels cannot share the file.
    boolean ownKernel = program instanceof DynoxideProgram.Executable;
    if (!ownKernel && Files.exists(folder.database())) {
      addStreamIndex(folder.database());
    }

    List<String> command = new ArrayList<>();
    // In a session of their own, the shell and the server do not get the Ctrl-C that is for the
    // service.
    DynoxideProgram.onPath("setsid", Optional.ofNullable(System.getenv("PATH")).orElse(""))
        .ifPresent(setsid -> command.add(setsid.toString()));
    command.addAll(List.of("sh", "-c", UNTIL_THE_PIPE_CLOSES, "dynoxide-until-the-pipe-closes"));
    command.add(running.toString());
    command.add(folder.isTemporary() ? folder.path().toString() : "");
    command.addAll(program.command(free, folder.database()));
    Process shell =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    Dynoxide dynoxide = new Dynoxide(shell, URI.create("http://127.0.0.1:" + free));
    try {
      if (!holdsWithin(ownKernel ? READY_WITHIN : PULLED_AND_READY_WITHIN, dynoxide::isReady)) {
        throw new LocalCloudUnavailable(
            "Dynoxide did not start on port " + free + ": " + DynoxideProgram.lastLine(log));
      }
      if (ownKernel) {
        addStreamIndex(folder.database());
      }
    } catch (Throwable e) {
      dynoxide.close();
      throw e;
    }
    return dynoxide;
  }

  URI endpoint() {
    return endpoint;
  }

  /// Ends the server and waits until it has ended.
  @Override
  public void close() {
    try {
      shell.getOutputStream().close();
      if (!shell.waitFor(5, TimeUnit.SECONDS)) {
        shell.descendants().forEach(ProcessHandle::destroyForcibly);
        shell.destroyForcibly();
      }
    } catch (IOException e) {
      shell.destroy();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// Waits for the server of the folder's last service. The folder's lock is free as soon as that
  /// service ends, but its server ends some milliseconds later. Two servers must not use one file.
  private static void awaitPredecessorsEnd(Path running) throws IOException, InterruptedException {
    Optional<ProcessHandle> predecessor = predecessor(running);
    if (predecessor.isPresent()
        && !holdsWithin(PREDECESSOR_GONE_WITHIN, () -> !predecessor.get().isAlive())) {
      throw new LocalCloudUnavailable(
          "The dynoxide of an earlier service, process "
              + predecessor.get().pid()
              + ", is still using "
              + running.getParent()
              + ": end it.");
    }
    Files.deleteIfExists(running);
  }

  /// The server of the folder's last service. After a power cut another process may have the pid in
  /// the file, so only a dynoxide or a docker counts.
  private static Optional<ProcessHandle> predecessor(Path running) throws IOException {
    if (!Files.exists(running)) {
      return Optional.empty();
    }
    String pid = Files.readString(running).strip();
    if (!pid.matches("\\d{1,18}")) {
      return Optional.empty();
    }
    return ProcessHandle.of(Long.parseLong(pid))
        .filter(
            process ->
                process
                    .info()
                    .command()
                    .map(command -> command.contains("dynoxide") || command.contains("docker"))
                    .orElse(false));
  }

  private static int requireFree(int port) {
    if (!isFree(port)) {
      throw new LocalCloudUnavailable(
          "Port " + port + " is taken: set BUDGET_LOCAL_DYNAMODB_PORT to another, or to none.");
    }
    return port;
  }

  /// A port below the range that the system assigns, so that it is still free when the server binds
  /// it.
  private static int freePort() {
    for (int attempt = 0; attempt < 100; attempt++) {
      int port = ThreadLocalRandom.current().nextInt(20_000, 30_000);
      if (isFree(port)) {
        return port;
      }
    }
    throw new LocalCloudUnavailable("No port between 20000 and 30000 is free.");
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  private boolean isReady() {
    try {
      HttpURLConnection connection = (HttpURLConnection) endpoint.toURL().openConnection();
      connection.setConnectTimeout(500);
      connection.setReadTimeout(2_000);
      try {
        return connection.getResponseCode() == 200;
      } finally {
        connection.disconnect();
      }
    } catch (IOException _) {
      return false;
    }
  }

  private static boolean holdsWithin(Duration limit, BooleanSupplier condition)
      throws InterruptedException {
    long giveUpAt = System.nanoTime() + limit.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > giveUpAt) {
        return false;
      }
      Thread.sleep(Duration.ofMillis(10));
    }
    return true;
  }

  private static void addStreamIndex(Path database) throws IOException {
    SQLiteConfig config = new SQLiteConfig();
    config.setBusyTimeout(5_000);
    SQLiteDataSource source = new SQLiteDataSource(config);
    source.setUrl("jdbc:sqlite:" + database);
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      for (String index : STREAM_INDEXES) {
        statement.execute(index);
      }
    } catch (SQLException e) {
      throw new IOException("The indexes of stream records cannot be added to " + database, e);
    }
  }
}
