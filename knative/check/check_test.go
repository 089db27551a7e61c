package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each file of broken/ says in its first line what it must be refused with. Beside sound.yaml it has one fault only.
func TestBrokenManifestsAreRefused(t *testing.T) {
	files, err := filepath.Glob("broken/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are %d broken manifests: %v", len(files), err)
	}
	sound, err := os.ReadFile("sound/sound.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, wrong := check(sound, nil); len(wrong) > 0 {
		t.Fatal("the sound manifests are refused:", wrong)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(text), "\n")
			message, found := strings.CutPrefix(first, "# refused: ")
			if !found {
				t.Fatal("its first line is not `# refused: …`")
			}
			_, wrong := check(append(append(sound, "\n---\n"...), text...), nil)
			if len(wrong) != 1 || !strings.Contains(wrong[0], message) {
				t.Fatalf("it must be refused once, with %q, and it is with %q", message, wrong)
			}
			t.Log(wrong[0])
		})
	}
}
