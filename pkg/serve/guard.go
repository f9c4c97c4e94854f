package serve

import (
	"crypto/subtle"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
)

// discard is where net/http tells of bad clients, which are of no interest.
var discard = log.New(io.Discard, "", 0)

// headers are set in every answer: nothing may be taken from elsewhere, framed,
// guessed or kept.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "no-referrer",
	"Cache-Control":                "no-store",
	"Cross-Origin-Resource-Policy": "same-origin",
}

// guarded lets only those through to next who may see the board.
func (s *site) guarded(next http.Handler) http.Handler {
	names := HostNames(s.cfg.Hosts)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		switch {
		case foreign(r):
			http.Error(w, "a page of another site asks", http.StatusForbidden)
		case s.cfg.Guard && s.cfg.Token == "" && !HostAllowed(r.Host, names):
			http.Error(w, "this host has another name (--http-host NAME allows it)", http.StatusForbidden)
		case s.cfg.Token == "" || r.URL.Path == "/healthz":
			next.ServeHTTP(w, r)
		case r.URL.Path == "/" && s.right(r.URL.Query().Get("token")):
			http.SetCookie(w, &http.Cookie{
				Name: s.cookie(), Value: s.cfg.Token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
			})
			w.Header().Set("Location", "/")
			w.WriteHeader(http.StatusSeeOther)
		case s.knows(r):
			next.ServeHTTP(w, r)
		default:
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "a token is needed: Authorization: Bearer TOKEN, or /?token=TOKEN once", http.StatusUnauthorized)
		}
	})
}

func (s *site) cookie() string { return "rtda_" + s.cfg.Port }

// knows reports whether a request brings the token.
func (s *site) knows(r *http.Request) bool {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return s.right(strings.TrimSpace(token))
	}
	c, err := r.Cookie(s.cookie())
	return err == nil && s.right(c.Value)
}

func (s *site) right(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(s.cfg.Token)) == 1
}

// foreign reports whether a page of another site has sent the request.
func foreign(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	return err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host)
}

// HostNames are the names that a Host may be beside addresses.
func HostNames(more []string) []string {
	names := []string{"localhost"}
	if own, err := os.Hostname(); err == nil {
		short, _, _ := strings.Cut(own, ".")
		names = append(names, strings.ToLower(own), strings.ToLower(short))
	}
	for _, name := range more {
		names = append(names, strings.ToLower(name))
	}
	return names
}

// HostAllowed reports whether the Host of a request is an address or one of
// names. A page of elsewhere whose name was made to mean this machine is kept
// out by it.
func HostAllowed(host string, names []string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return slices.Contains(names, strings.ToLower(strings.TrimSuffix(host, ".")))
}
