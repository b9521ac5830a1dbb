package io.budgetauthority.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DynoxideProgramTest {

  /// Builds nothing, but notes that it was asked, and puts a program where cargo would.
  private static final String CARGO =
      """
      #!/bin/sh
      echo built >> "$0.calls"
      while [ "$1" != --root ]; do shift; done
      /bin/mkdir -p "$2/bin"
      /bin/sleep 0.2
      printf '#!/bin/sh\\n' > "$2/bin/dynoxide"
      /bin/chmod +x "$2/bin/dynoxide"
      """;

  @TempDir Path machine;
  private final List<String> said = Collections.synchronizedList(new ArrayList<>());
  private PublishedDynoxide published;
  private Path bin;
  private Path cached;

  @BeforeEach
  void aMachineWithNothingOnIt() throws IOException {
    bin = Files.createDirectories(machine.resolve("bin"));
    cached = machine.resolve("cache/budget-authority/dynoxide-1.5.0/bin/dynoxide");
    published = PublishedDynoxide.start();
  }

  @AfterEach
  void stopPublishing() {
    published.close();
  }

  @Test
  void whenDynoxideIsOnThePath_itIsUsedFirst() throws Exception {
    published.release("1.5.0");
    Path onPath = program("dynoxide", "#!/bin/sh\n");
    Files.createDirectories(cached.getParent());
    Files.copy(onPath, cached);

    assertEquals(new DynoxideProgram.Executable(onPath), find());

    assertEquals(List.of("DynamoDB is the dynoxide on the PATH, " + onPath + "."), said);
  }

  @Test
  void whenDynoxideIsInTheCache_theNetworkIsNotUsed() throws Exception {
    published.release("1.5.0");
    Files.createDirectories(cached.getParent());
    Files.move(program("dynoxide", "#!/bin/sh\n"), cached);
    program("cargo", "#!/bin/sh\nexit 1\n");

    assertEquals(new DynoxideProgram.Executable(cached), find());

    assertEquals(List.of("DynamoDB is the dynoxide in the cache, " + cached + "."), said);
    assertEquals(List.of(), published.requests());
  }

  @Test
  void whenThereIsARelease_dockerAndCargoAreNotUsed() throws Exception {
    published.release("1.5.0");
    Path cargo = program("cargo", CARGO);
    Path docker = program("docker", "#!/bin/sh\necho asked >> \"$0.calls\"\n");

    assertEquals(new DynoxideProgram.Executable(cached), find());

    assertTrue(Files.isExecutable(cached));
    assertFalse(Files.exists(Path.of(cargo + ".calls")));
    assertFalse(Files.exists(Path.of(docker + ".calls")));
    assertEquals(2, said.size(), said.toString());
    assertTrue(said.getLast().contains("dynoxide 1.5.0 from " + published.address()));
  }

  @Test
  void whenTwoNeedTheReleaseAtOnce_itIsDownloadedOnce() throws Exception {
    published.release("1.5.0");

    assertEquals(
        List.of(new DynoxideProgram.Executable(cached), new DynoxideProgram.Executable(cached)),
        findTwiceAtOnce());

    assertEquals(2, published.requests().size(), "the checksums and the archive, once each");
  }

  @Test
  void whenTheChecksumDiffers_nothingIsKept() throws Exception {
    published.release("1.5.0");
    published.checksum("0".repeat(64));

    LocalCloudUnavailable none = assertThrows(LocalCloudUnavailable.class, this::find);

    assertTrue(none.getMessage().contains("not " + "0".repeat(64)), none.getMessage());
    try (var files = Files.walk(machine.resolve("cache"))) {
      assertEquals(
          List.of("dynoxide-1.5.0.lock"),
          files.filter(Files::isRegularFile).map(it -> it.getFileName().toString()).toList());
    }
  }

  @Test
  void whenTheReleaseIsOfAnotherVersion_itIsRefused() throws Exception {
    published.release("1.4.0");

    LocalCloudUnavailable none = assertThrows(LocalCloudUnavailable.class, this::find);

    assertTrue(
        none.getMessage().contains("calls itself dynoxide 1.4.0, not dynoxide 1.5.0"),
        none.getMessage());
    assertFalse(Files.exists(cached));
  }

  @Test
  void whenAChecksumIsPinned_thePublishedOneIsNotUsed() throws Exception {
    published.release("1.5.0");
    DynoxideRelease pinned =
        new DynoxideRelease(
            published.address(), Map.of(PublishedDynoxide.archive(), "1".repeat(64)));

    DynoxideRelease.Refused refused =
        assertThrows(
            DynoxideRelease.Refused.class, () -> pinned.download(machine.resolve("folder")));

    assertTrue(refused.reason().endsWith("not " + "1".repeat(64)), refused.reason());
    assertEquals(List.of("/" + PublishedDynoxide.archive()), published.requests());
  }

  @Test
  void whenAnotherMachineIsNamedWithoutTls_itIsRefused() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> DynoxideRelease.at(Optional.of("http://mirror.example/dynoxide")));

    assertTrue(String.valueOf(refused.getMessage()).contains("https://"), refused.toString());
  }

  @Test
  void whenAPlatformHasARelease_itsArchiveIsNamed() {
    assertEquals(
        Optional.of("dynoxide-x86_64-unknown-linux-musl.tar.gz"),
        DynoxideRelease.archive("Linux", "amd64"));
    assertEquals(
        Optional.of("dynoxide-aarch64-unknown-linux-musl.tar.gz"),
        DynoxideRelease.archive("Linux", "aarch64"));
    assertEquals(
        Optional.of("dynoxide-aarch64-apple-darwin.tar.gz"),
        DynoxideRelease.archive("Mac OS X", "aarch64"));
    assertEquals(
        Optional.of("dynoxide-x86_64-apple-darwin.tar.gz"),
        DynoxideRelease.archive("Mac OS X", "x86_64"));
    assertEquals(Optional.empty(), DynoxideRelease.archive("Linux", "riscv64"));
    assertEquals(Optional.empty(), DynoxideRelease.archive("Windows 11", "amd64"));
  }

  @Test
  void whenThereIsOnlyCargo_twoThatNeedItBuildItOnce() throws Exception {
    Path cargo = program("cargo", CARGO);

    assertEquals(
        List.of(new DynoxideProgram.Executable(cached), new DynoxideProgram.Executable(cached)),
        findTwiceAtOnce());

    assertEquals(List.of("built"), Files.readAllLines(Path.of(cargo + ".calls")));
  }

  @Test
  void whenThereIsNoRelease_theImageIsPreferredToCargo() throws Exception {
    Path cargo = program("cargo", CARGO);
    Path docker = program("docker", "#!/bin/sh\nexit 0\n");

    assertEquals(new DynoxideProgram.Image(docker), find());

    assertFalse(Files.exists(Path.of(cargo + ".calls")));
    assertTrue(said.getLast().contains("answers 404"), said.getLast());
  }

  @Test
  void whenDynoxideCannotBeFound_oneLineNamesTheWays() throws Exception {
    program("cargo", "#!/bin/sh\necho error: no such registry\nexit 1\n");
    program("docker", "#!/bin/sh\nexit 1\n");

    LocalCloudUnavailable none = assertThrows(LocalCloudUnavailable.class, this::find);

    assertEquals(1, none.getMessage().lines().count());
    List.of(
            "BUDGET_LOCAL_DYNAMODB",
            "PATH",
            "BUDGET_LOCAL_DYNOXIDE_RELEASE",
            "answers 404",
            "cargo",
            "Docker",
            "no such registry")
        .forEach(way -> assertTrue(none.getMessage().contains(way), none.getMessage()));
  }

  private List<DynoxideProgram> findTwiceAtOnce() throws Exception {
    List<Future<DynoxideProgram>> finding = new ArrayList<>();
    try (ExecutorService both = Executors.newVirtualThreadPerTaskExecutor()) {
      finding.add(both.submit(this::find));
      finding.add(both.submit(this::find));
    }
    List<DynoxideProgram> found = new ArrayList<>();
    for (Future<DynoxideProgram> program : finding) {
      found.add(program.get());
    }
    return found;
  }

  private DynoxideProgram find() throws IOException, InterruptedException {
    Map<String, String> environment =
        Map.of(
            "PATH",
            bin.toString(),
            "XDG_CACHE_HOME",
            machine.resolve("cache").toString(),
            "BUDGET_LOCAL_DYNOXIDE_RELEASE",
            published.address().toString());
    return DynoxideProgram.find(name -> Optional.ofNullable(environment.get(name)), said::add);
  }

  private Path program(String name, String script) throws IOException {
    Path file = Files.writeString(bin.resolve(name), script);
    assertTrue(file.toFile().setExecutable(true));
    return file;
  }
}
