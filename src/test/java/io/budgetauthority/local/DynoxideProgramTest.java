package io.budgetauthority.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

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

    assertThat(find()).isEqualTo(new DynoxideProgram.Executable(onPath));

    assertThat(said).isEqualTo(List.of("DynamoDB is the dynoxide on the PATH, " + onPath + "."));
  }

  @Test
  void whenDynoxideIsInTheCache_theNetworkIsNotUsed() throws Exception {
    published.release("1.5.0");
    Files.createDirectories(cached.getParent());
    Files.move(program("dynoxide", "#!/bin/sh\n"), cached);
    program("cargo", "#!/bin/sh\nexit 1\n");

    assertThat(find()).isEqualTo(new DynoxideProgram.Executable(cached));

    assertThat(said).isEqualTo(List.of("DynamoDB is the dynoxide in the cache, " + cached + "."));
    assertThat(published.requests()).isEmpty();
  }

  @Test
  void whenThereIsARelease_dockerAndCargoAreNotUsed() throws Exception {
    published.release("1.5.0");
    Path cargo = program("cargo", CARGO);
    Path docker = program("docker", "#!/bin/sh\necho asked >> \"$0.calls\"\n");

    assertThat(find()).isEqualTo(new DynoxideProgram.Executable(cached));

    assertThat(Files.isExecutable(cached)).isTrue();
    assertThat(Files.exists(Path.of(cargo + ".calls"))).isFalse();
    assertThat(Files.exists(Path.of(docker + ".calls"))).isFalse();
    assertThat(said).hasSize(2);
    assertThat(said.getLast()).contains("dynoxide 1.5.0 from " + published.address());
  }

  @Test
  void whenTwoNeedTheReleaseAtOnce_itIsDownloadedOnce() throws Exception {
    published.release("1.5.0");

    assertThat(findTwiceAtOnce())
        .isEqualTo(
            List.of(
                new DynoxideProgram.Executable(cached), new DynoxideProgram.Executable(cached)));

    assertThat(published.requests()).as("the checksums and the archive, once each").hasSize(2);
  }

  @Test
  void whenTheChecksumDiffers_nothingIsKept() throws Exception {
    published.release("1.5.0");
    published.checksum("0".repeat(64));

    LocalCloudUnavailable none = assertThrows(LocalCloudUnavailable.class, this::find);

    assertThat(none.getMessage()).contains("not " + "0".repeat(64));
    try (var files = Files.walk(machine.resolve("cache"))) {
      assertThat(files.filter(Files::isRegularFile).map(it -> it.getFileName().toString()).toList())
          .isEqualTo(List.of("dynoxide-1.5.0.lock"));
    }
  }

  @Test
  void whenTheReleaseIsOfAnotherVersion_itIsRefused() throws Exception {
    published.release("1.4.0");

    LocalCloudUnavailable none = assertThrows(LocalCloudUnavailable.class, this::find);

    assertThat(none.getMessage()).contains("calls itself dynoxide 1.4.0, not dynoxide 1.5.0");
    assertThat(Files.exists(cached)).isFalse();
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

    assertThat(refused.reason()).endsWith("not " + "1".repeat(64));
    assertThat(published.requests()).isEqualTo(List.of("/" + PublishedDynoxide.archive()));
  }

  @Test
  void whenAnotherMachineIsNamedWithoutTls_itIsRefused() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> DynoxideRelease.at(Optional.of("http://mirror.example/dynoxide")));

    assertThat(String.valueOf(refused.getMessage())).as(refused.toString()).contains("https://");
  }

  @Test
  void whenAPlatformHasARelease_itsArchiveIsNamed() {
    assertThat(DynoxideRelease.archive("Linux", "amd64"))
        .isEqualTo(Optional.of("dynoxide-x86_64-unknown-linux-musl.tar.gz"));
    assertThat(DynoxideRelease.archive("Linux", "aarch64"))
        .isEqualTo(Optional.of("dynoxide-aarch64-unknown-linux-musl.tar.gz"));
    assertThat(DynoxideRelease.archive("Mac OS X", "aarch64"))
        .isEqualTo(Optional.of("dynoxide-aarch64-apple-darwin.tar.gz"));
    assertThat(DynoxideRelease.archive("Mac OS X", "x86_64"))
        .isEqualTo(Optional.of("dynoxide-x86_64-apple-darwin.tar.gz"));
    assertThat(DynoxideRelease.archive("Linux", "riscv64")).isEmpty();
    assertThat(DynoxideRelease.archive("Windows 11", "amd64")).isEmpty();
  }

  @Test
  void whenThereIsOnlyCargo_twoThatNeedItBuildItOnce() throws Exception {
    Path cargo = program("cargo", CARGO);

    assertThat(findTwiceAtOnce())
        .isEqualTo(
            List.of(
                new DynoxideProgram.Executable(cached), new DynoxideProgram.Executable(cached)));

    assertThat(Files.readAllLines(Path.of(cargo + ".calls"))).isEqualTo(List.of("built"));
  }

  @Test
  void whenThereIsNoRelease_theImageIsPreferredToCargo() throws Exception {
    Path cargo = program("cargo", CARGO);
    Path docker = program("docker", "#!/bin/sh\nexit 0\n");

    assertThat(find()).isEqualTo(new DynoxideProgram.Image(docker));

    assertThat(Files.exists(Path.of(cargo + ".calls"))).isFalse();
    assertThat(said.getLast()).contains("answers 404");
  }

  @Test
  void whenDynoxideCannotBeFound_oneLineNamesTheWays() throws Exception {
    program("cargo", "#!/bin/sh\necho error: no such registry\nexit 1\n");
    program("docker", "#!/bin/sh\nexit 1\n");

    LocalCloudUnavailable none = assertThrows(LocalCloudUnavailable.class, this::find);

    assertThat(none.getMessage().lines().count()).isEqualTo(1);
    List.of(
            "BUDGET_LOCAL_DYNAMODB",
            "PATH",
            "BUDGET_LOCAL_DYNOXIDE_RELEASE",
            "answers 404",
            "cargo",
            "Docker",
            "no such registry")
        .forEach(way -> assertThat(none.getMessage()).contains(way));
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
    assertThat(file.toFile().setExecutable(true)).isTrue();
    return file;
  }
}
