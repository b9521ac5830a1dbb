package io.budgetauthority.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.s3.S3Client;

class LocalCloudFolderTest {

  private static final Map<String, AttributeValue> ITEM =
      Map.of("pk", AttributeValue.fromS("kept"), "said", AttributeValue.fromS("before"));

  @TempDir Path folder;

  @Test
  void whenTheLocalBuildRestarts_tablesAndObjectsAreKept() {
    try (LocalCloud first = LocalCloud.start(LocalSettings.in(folder))) {
      put(ITEM, first);
      try (S3Client s3 = LocalCloudForTests.s3(first)) {
        String bucket = first.definitions().pricesBucket().name();
        s3.putObject(it -> it.bucket(bucket).key("kept"), RequestBody.fromString("before"));
      }
    }

    try (LocalCloud second = LocalCloud.start(LocalSettings.in(folder));
        S3Client s3 = LocalCloudForTests.s3(second)) {
      String bucket = second.definitions().pricesBucket().name();
      assertThat(get("kept", second)).isEqualTo(ITEM);
      assertThat(s3.getObjectAsBytes(it -> it.bucket(bucket).key("kept")).asUtf8String())
          .isEqualTo("before");
    }
  }

  @Test
  void whenAFolderIsInUse_aSecondCloudIsRefusedInOneLine() {
    try (LocalCloud first = LocalCloud.start(LocalSettings.in(folder))) {
      LocalCloudUnavailable refused =
          assertThrows(
              LocalCloudUnavailable.class, () -> LocalCloud.start(LocalSettings.in(folder)));

      assertThat(refused.getMessage().lines().count()).isEqualTo(1);
      assertThat(refused.getMessage()).contains(folder.toString());
      put(ITEM, first);
      assertThat(get("kept", first)).isEqualTo(ITEM);
    }
  }

  @Test
  void whenACloudInMemoryIsClosed_nothingIsLeft() {
    Set<ProcessHandle> before = dynoxides();
    ProcessHandle dynoxide;
    Path temporary;
    try (LocalCloud cloud = LocalCloud.start(LocalSettings.inMemory())) {
      put(ITEM, cloud);
      dynoxide = dynoxides().stream().filter(it -> !before.contains(it)).findFirst().orElseThrow();
      temporary = Processes.folderOf(dynoxide);
      assertThat(Files.exists(temporary.resolve("s3"))).isTrue();
    }

    assertThat(Files.exists(temporary)).isFalse();
    assertThat(dynoxide.isAlive()).isFalse();
  }

  @Test
  void whenDynamoDbAndSqsAreGiven_noOthersAreStarted() {
    try (LocalCloud first = LocalCloud.start(LocalSettings.in(folder.resolve("first")))) {
      Set<ProcessHandle> before = dynoxides();
      LocalSettings given =
          new LocalSettings(
              Optional.of(folder.resolve("second")),
              Optional.of(first.dynamoDbEndpoint()),
              Optional.of(first.sqsEndpoint()),
              0,
              0,
              0,
              LocalSettings.USUAL_PREFIX);

      try (LocalCloud second = LocalCloud.start(given)) {
        put(ITEM, second);

        assertThat(get("kept", first)).isEqualTo(ITEM);
        assertThat(dynoxides()).isEqualTo(before);
        assertThat(second.sqsEndpoint()).isEqualTo(first.sqsEndpoint());
        String queue = "budget.usage-queue-url";
        assertThat(second.config().get(queue)).isEqualTo(first.config().get(queue));
      }
    }
  }

  @Test
  void whenAStartFails_nothingIsLeftRunning() {
    Set<ProcessHandle> before = dynoxides();
    try (LocalCloud other = LocalCloud.start(LocalSettings.in(folder.resolve("other")))) {
      int taken = other.s3Endpoint().getPort();
      LocalSettings clash =
          new LocalSettings(
              Optional.of(folder.resolve("clash")),
              Optional.empty(),
              Optional.empty(),
              0,
              0,
              taken,
              LocalSettings.USUAL_PREFIX);

      LocalCloudUnavailable refused =
          assertThrows(LocalCloudUnavailable.class, () -> LocalCloud.start(clash));

      assertThat(refused.getMessage()).contains("BUDGET_LOCAL_S3_PORT");
      assertThat(dynoxides().size()).isEqualTo(before.size() + 1);
    }
  }

  @Test
  void whenATableHasAStream_theOrderOfItsRecordsIsIndexed() throws SQLException {
    try (LocalCloud cloud = LocalCloud.start(LocalSettings.in(folder))) {
      put(ITEM, cloud);
      try (Connection database =
              DriverManager.getConnection(
                  "jdbc:sqlite:" + folder.resolve("dynamodb.sqlite") + "?busy_timeout=5000");
          Statement statement = database.createStatement();
          ResultSet plan =
              statement.executeQuery(
                  "EXPLAIN QUERY PLAN SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1"
                      + " FROM _stream_records WHERE table_name = 'budget-authority-decisions'")) {
        assertThat(plan.next()).isTrue();
        assertThat(plan.getString("detail")).contains("budget_stream_order");
      }
    }
  }

  @Test
  void whenTheJvmIsKilled_theFolderCanBeUsedAtOnce() throws Exception {
    Process jvm = cloudInAnotherJvm(folder.toString());
    ProcessHandle dynoxide = dynoxideOf(jvm);
    assertThat(dynoxide.isAlive()).isTrue();

    jvm.destroyForcibly().waitFor();
    try (LocalCloud next = LocalCloud.start(LocalSettings.in(folder))) {
      assertThat(dynoxide.isAlive()).isFalse();
      put(ITEM, next);
      assertThat(get("kept", next)).isEqualTo(ITEM);
    }
  }

  @Test
  void whenTheJvmIsKilled_nothingInMemoryIsLeft() throws Exception {
    Process jvm = cloudInAnotherJvm("memory");
    ProcessHandle dynoxide = dynoxideOf(jvm);
    Path temporary = Processes.folderOf(dynoxide);
    assertThat(Files.exists(temporary.resolve("s3"))).isTrue();

    jvm.destroyForcibly().waitFor();

    assertThat(
            Processes.holdsWithin(
                Duration.ofSeconds(5), () -> !Files.exists(temporary) && !dynoxide.isAlive()))
        .isTrue();
  }

  private static Process cloudInAnotherJvm(String data) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
            "-cp",
            System.getProperty("java.class.path"),
            CloudInAnotherJvm.class.getName(),
            data)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static ProcessHandle dynoxideOf(Process jvm) throws IOException {
    BufferedReader output = jvm.inputReader(StandardCharsets.UTF_8);
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      if (line.startsWith("dynoxide ")) {
        return ProcessHandle.of(Long.parseLong(line.substring("dynoxide ".length()))).orElseThrow();
      }
    }
    throw new AssertionError("The other JVM started no cloud");
  }

  private static Set<ProcessHandle> dynoxides() {
    return Processes.dynoxides(ProcessHandle.current()).collect(Collectors.toSet());
  }

  private static void put(Map<String, AttributeValue> item, LocalCloud cloud) {
    try (DynamoDbClient client = LocalCloudForTests.dynamoDb(cloud).build()) {
      client.putItem(
          it -> it.tableName(cloud.definitions().decisionsTable().create().tableName()).item(item));
    }
  }

  private static Map<String, AttributeValue> get(String pk, LocalCloud cloud) {
    try (DynamoDbClient client = LocalCloudForTests.dynamoDb(cloud).build()) {
      return client
          .getItem(
              it ->
                  it.tableName(cloud.definitions().decisionsTable().create().tableName())
                      .key(Map.of("pk", AttributeValue.fromS(pk))))
          .item();
    }
  }
}
